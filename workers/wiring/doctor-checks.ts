import type { DoctorReport } from '#cli/service.ts';
import type { Examination } from '#compose/doctor.ts';

/** The examination of this machine as the command line shows it. */
export function doctorChecks({ prerequisites, machine }: Examination): DoctorReport['checks'] {
  const gibibyte = 1_024 ** 3;
  const programs = prerequisites.map(({ name, ok, path, version, problem, whatToDo }) => ({
    name,
    ok,
    ...(path === undefined ? {} : { found: [version, path].filter((part) => part !== undefined).join(' at ') }),
    ...(problem === undefined ? {} : { problem }),
    ...(whatToDo === undefined ? {} : { advice: whatToDo }),
  }));
  const size = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;
  return [
    ...programs,
    { name: 'cores', ok: true, found: `${machine.cores}` },
    { name: 'memory', ok: true, found: `${size(machine.memoryBytes)}, ${size(machine.memoryFreeBytes)} free` },
    { name: 'disk', ok: true, found: `${size(machine.diskFreeBytes)} free where the state folder is` },
    { name: 'open files', ok: machine.openFilesMax >= 4_096, found: `at most ${machine.openFilesMax}` },
  ];
}
