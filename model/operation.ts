import type { Identity } from './population-plan.ts';

/** Scope of a tool (R2.2): only its owner, the members of its team, or everybody may see it. */
export type ToolScope = 'private' | 'team' | 'global';

/** One request of the gateway API in R3.1, independent of any target. */
export type Operation =
  | { readonly kind: 'list-team-tools'; readonly teamId: number; readonly limit: number }
  | { readonly kind: 'search-tools'; readonly query: string; readonly limit: number }
  | { readonly kind: 'list-visible-tools'; readonly afterId: number; readonly limit: number }
  | { readonly kind: 'federated-tools'; readonly regions: readonly string[]; readonly limit: number }
  | { readonly kind: 'create-tool'; readonly name: string; readonly description: string }
  | { readonly kind: 'read-tool'; readonly toolId: number }
  | { readonly kind: 'update-tool'; readonly toolId: number; readonly description: string }
  | { readonly kind: 'delete-tool'; readonly toolId: number }
  | { readonly kind: 'share-tool'; readonly toolId: number; readonly teamId: number }
  | { readonly kind: 'export-tools'; readonly toolIds: readonly number[] }
  | { readonly kind: 'federation-aggregate'; readonly timeframeDays: number }
  | { readonly kind: 'team-members'; readonly teamId: number; readonly limit: number }
  | { readonly kind: 'team-tools'; readonly teamId: number; readonly limit: number }
  | { readonly kind: 'team-usage'; readonly timeframeDays: number; readonly limit: number };
export type OperationKind = Operation['kind'];

/** Which objective an operation's latency is held to (R6 objectives table, Decision). */
export const operationClasses = {
  'list-team-tools': 'local-read',
  'search-tools': 'local-read',
  'list-visible-tools': 'local-read',
  'read-tool': 'local-read',
  'team-members': 'local-read',
  'team-tools': 'local-read',
  'federated-tools': 'federation',
  'federation-aggregate': 'federation',
  'create-tool': 'write',
  'update-tool': 'write',
  'delete-tool': 'write',
  'share-tool': 'write',
  'export-tools': 'analytics',
  'team-usage': 'analytics',
} as const satisfies Record<OperationKind, string>;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export type CheckFailureKind = 'status' | 'shape' | 'scope';

/** What is wrong with one answer; an empty list of these means that it passed. */
export interface CheckFailure {
  readonly kind: CheckFailureKind;
  /** One sentence that names the object, at most 200 characters. */
  readonly detail: string;
}

/** What loadtest needs of a target: how to say an operation, and whether an answer is right for this user. */
export interface TargetSpeech {
  request(operation: Operation, user: Identity): HttpRequest;
  /** What makes any request this user's own, whatever it asks for. */
  headers(user: Identity): Readonly<Record<string, string>>;
  /** `status`, `shape` and `scope`; parses the body once and hands it back so that behaviours can read ids from it. */
  check(operation: Operation, user: Identity, response: HttpResponse): CheckedResponse;
}

export interface CheckedResponse {
  readonly failures: readonly CheckFailure[];
  /** The ids of the tools in the answer, or of the one created; empty for answers that hold none. */
  readonly toolIds: readonly number[];
  /** True when the answer itself says it is partial because an upstream failed (scripted mock failures, R4.4). */
  readonly partial: boolean;
}
