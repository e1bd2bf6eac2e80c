/** One step of the schema. Never edited after a release: a later step changes what an earlier one made. */
export interface Migration {
  version: number;
  name: string;
  statements: readonly string[];
}

/** All steps in order. They run on PostgreSQL 15 to 18 and on PGlite alike. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "deliveries, records and the audit chain",
    statements: [
      `create table routeward.audit (
        seq bigint primary key,
        at text not null,
        type text collate "C" not null,
        subject text collate "C" not null,
        key text collate "C",
        data text not null,
        previous_hash text not null,
        hash text not null
      )`,
      `create index audit_subject on routeward.audit (subject, seq)`,
      `create index audit_key on routeward.audit (key, seq) where key is not null`,
      `create function routeward.refuse_change() returns trigger language plpgsql as $refuse$
        begin
          raise exception 'the audit log is append-only';
        end
      $refuse$`,
      `create trigger audit_no_change before update or delete or truncate on routeward.audit
        for each statement execute function routeward.refuse_change()`,
      `create table routeward.records (
        kind text collate "C" not null,
        key text collate "C" not null,
        version integer not null,
        value text not null,
        digest text not null,
        updated_at text not null,
        primary key (kind, key)
      )`,
      `create table routeward.deliveries (
        guid text collate "C" primary key,
        event text not null,
        action text,
        installation_id bigint,
        received_at text collate "C" not null,
        body text not null,
        sha256 text not null,
        attempts integer not null,
        last_error text,
        done_at text collate "C",
        seal text not null
      )`,
      `create index deliveries_unfinished on routeward.deliveries (received_at, guid) where done_at is null`,
      `create index deliveries_done on routeward.deliveries (done_at) where done_at is not null`,
    ],
  },
];
