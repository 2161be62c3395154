type Names = readonly (readonly [sign: RegExp, name: string])[];

/** The first match counts: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari. */
const BROWSERS: Names = [
  [/Edg/, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

/** An iPhone calls itself a Mac too, and Android calls itself Linux. */
const SYSTEMS: Names = [
  [/iPhone/, 'an iPhone'],
  [/iPad/, 'an iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'a Mac'],
  [/Linux/, 'Linux'],
];

/** Describes a device for its user, by the header User-Agent. Anybody can send any header, so it proves nothing. */
export const deviceNameOf = (userAgent = ''): string => {
  const [browser = 'A browser', system = 'an unknown device'] = [BROWSERS, SYSTEMS].map(
    (names) => names.find(([sign]) => sign.test(userAgent))?.[1],
  );
  return `${browser} on ${system}`;
};
