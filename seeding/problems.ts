/** What went wrong, in words for whoever can mend it; the driver's error is the cause. Named as in `model/failures.ts`. */
export function explainSeedError(error: unknown, databaseUrl: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const explain = explanations[code] ?? (isLost(error) ? lost : undefined);
  if (explain === undefined) return error;
  const { name, says } = explain(describeDatabase(databaseUrl), error);
  const explained = new Error(says, { cause: error });
  explained.name = name;
  return explained;
}

interface Database {
  /** Host, port and name; never a password. */
  readonly where: string;
  readonly name: string;
  readonly user: string;
}

type Explanation = (database: Database, error: Error) => { name: 'SeedFailed' | 'ForeignData'; says: string };

const failed =
  (say: (database: Database, error: Error) => string): Explanation =>
  (database, error) => ({ name: 'SeedFailed', says: say(database, error) });

const unreachable = failed(
  ({ where }, { message }) => `no database answers at ${where}: start it, or correct its address (${message})`,
);
const refused = failed(
  ({ where, user }, { message }) =>
    `${where} does not let user ${user} in (${message}): correct user and password; PGPASSWORD and ~/.pgpass are read`,
);
const lost = failed(
  ({ where }, { message }) =>
    `the connection to ${where} was lost (${message}): what was complete is kept; seed again to go on`,
);

const explanations: Readonly<Partial<Record<string, Explanation>>> = {
  ECONNREFUSED: unreachable,
  ECONNRESET: lost,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  // https://www.postgresql.org/docs/current/errcodes-appendix.html
  '28P01': refused,
  '28000': refused,
  '3D000': failed(
    ({ where, name }) => `there is no database ${name} at ${where}: make it with createdb, or correct the name`,
  ),
  '42501': failed(
    ({ user, name }, { message }) =>
      `user ${user} may not do what seeding needs (${message}): GRANT CREATE ON DATABASE ${name} TO ${user},` +
      ' and let it own the tables that it fills',
  ),
  '25006': failed(({ where }) => `${where} takes no writes (a replica?): name its primary`),
  '53100': failed(
    ({ where }, { message }) =>
      `the disk of ${where} is full (${message}): free some, or lower the scale; what was complete is kept, and seeding again goes on`,
  ),
  '53300': failed(({ where }) => `${where} has no connection left: raise max_connections, or use fewer workers`),
  '2BP01': (_, error) => ({
    name: 'ForeignData',
    says: `somebody else's objects rest on the tables, so they were not dropped: ${detailOf(error)}`,
  }),
  '57P01': lost,
  '57P02': lost,
  '57P03': failed(({ where }) => `${where} is starting up, shutting down or recovering: try again in a moment`),
};

/** The server names the objects there. */
function detailOf(error: Error): string {
  const detail = 'detail' in error && typeof error.detail === 'string' ? error.detail : error.message;
  return detail.replaceAll('\n', '; ');
}

const isLost = ({ message }: Error): boolean =>
  /connection terminated|connection ended|timeout expired|premature close/i.test(message);

function describeDatabase(databaseUrl: string): Database {
  const url = new URL(databaseUrl);
  const name = decodeURIComponent(url.pathname.slice(1)) || 'postgres';
  return {
    where: `${url.host}/${name}`,
    name,
    user: decodeURIComponent(url.username) || 'unnamed',
  };
}
