import { serve } from './application.mjs';

/** No cache, and next to nothing to compute: what the platform takes for the response. */
export const open = ({ platform }) => serve({ platform });
