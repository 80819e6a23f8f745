export { AllWaves } from './all-waves.ts';
export { FederationLoad } from './federation-load.ts';
export { SoakWave } from './soak-wave.ts';
export { StabilityRun } from './stability-run.ts';
