import { BoundedLabels } from '../telemetry/bounded-labels.js';

// of the process, since its instruments keep what they have recorded when an instrumentation begins again

export const keyGroupLabels = BoundedLabels.ofKeyGroups();

export const errorLabels = BoundedLabels.ofErrors();
