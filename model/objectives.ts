import type { Objectives } from './plan.ts';
import type { WaveName } from './wave.ts';

/** Powers of 1,024, as every figure in bytes is printed. */
const gigabyte = 1_073_741_824;
const failedIterationsRatioMax = 0.001;

/** R6: the source's baselines by wave. Smoke is ours and has only what is stated for it. */
export const objectivesOfWaves: Readonly<Record<WaveName, Objectives>> = {
  smoke: { localReadP95MsMax: 250, failedIterationsRatioMax },
  small: {
    localReadP95MsMax: 25,
    gatewaysRssBytesMax: 2 * gigabyte,
    databaseConnectionsMax: 20,
    cacheHitRatioMin: 0.98,
    failedIterationsRatioMax,
  },
  medium: {
    localReadP95MsMax: 45,
    gatewaysRssBytesMax: 6 * gigabyte,
    databaseConnectionsMax: 50,
    cacheHitRatioMin: 0.96,
    failedIterationsRatioMax,
  },
  large: {
    localReadP95MsMax: 85,
    gatewaysRssBytesMax: 15 * gigabyte,
    databaseConnectionsMax: 150,
    cacheHitRatioMin: 0.94,
    failedIterationsRatioMax,
  },
  enterprise: {
    localReadP95MsMax: 150,
    gatewaysRssBytesMax: 25 * gigabyte,
    databaseConnectionsMax: 300,
    cacheHitRatioMin: 0.92,
    failedIterationsRatioMax,
  },
};

/** Requests a second that a capacity search is held against (R6); no run that is not one can answer it. */
export const capacityOfWaves: Readonly<Record<WaveName, number | undefined>> = {
  smoke: undefined,
  small: 500,
  medium: 1_200,
  large: 2_500,
  enterprise: 4_000,
};
