import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { InternalError } from "../../core/problem.ts";
import type { BreakGuard } from "./break-guard.ts";

/**
 * PGlite that stops for good when its engine stops. Where PostgreSQL would end its process (PANIC: the disk refuses a flush
 * or the log), PGlite 0.5.16 swallows the exception: it may report success, and the next call spins for ever without
 * reading its input (`execProtocolRawSync` in its source). Here every call goes through one gate: after a break nothing
 * reaches the engine, and the call that met the break fails too.
 */
export class WatchedPglite extends PGlite {
  readonly #guard: BreakGuard;
  #isWatching = false;

  constructor(options: PGliteOptions, guard: BreakGuard) {
    super(options);
    this.#guard = guard;
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    this.#requireWhole();
    this.#watchEngine();
    const answer = super.execProtocolRawSync(message);
    this.#requireWhole();
    return answer;
  }

  #requireWhole(): void {
    if (this.#guard.failure !== undefined) throw this.#guard.failure;
  }

  /** Notices the exceptions that PGlite swallows. Its long jump is PostgreSQL's ordinary way out of an SQL error. */
  #watchEngine(): void {
    if (this.#isWatching) return;
    const engine = this.mod;
    const longJump: unknown = Reflect.get(this, "POSTGRES_MAIN_LONGJMP");
    if (engine === undefined || typeof longJump !== "number") {
      throw new InternalError("this version of PGlite cannot be watched");
    }
    const runOnce = engine._PostgresMainLoopOnce;
    engine._PostgresMainLoopOnce = () => {
      try {
        runOnce();
      } catch (error) {
        const status: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "status") : undefined;
        if (status !== longJump) this.#guard.break(error);
        throw error;
      }
    };
    this.#isWatching = true;
  }
}
