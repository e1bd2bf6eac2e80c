let age = 0;

/** Makes every ForgetfulWeakMap of this process empty. */
export function forgetAll(): void {
  age++;
}

/**
 * Stands for the WeakMap in which the core keeps what it worked out about an object. One process tries thousands of mutants on the same
 * objects: what was worked out before a mutant was switched on would hide it, and what it worked out would break the next.
 */
export class ForgetfulWeakMap<K extends WeakKey, V> {
  private known = new WeakMap<K, V>();
  private knownAt = age;

  get(key: K): V | undefined {
    return this.current().get(key);
  }

  has(key: K): boolean {
    return this.current().has(key);
  }

  set(key: K, value: V): this {
    this.current().set(key, value);
    return this;
  }

  private current(): WeakMap<K, V> {
    if (this.knownAt !== age) {
      this.known = new WeakMap();
      this.knownAt = age;
    }
    return this.known;
  }
}
