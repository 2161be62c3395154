import { serve } from './application.mjs';

/** The application without sessions. */
export const open = ({ platform }) => serve({ platform });
