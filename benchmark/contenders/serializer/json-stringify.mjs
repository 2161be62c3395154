export const open = () => ({ dumps: JSON.stringify });
