-- What Citus asks of the tables that it distributes, as its documentation and its error messages have it, for servers
-- without it: the same two functions, which refuse what Citus refuses, and move no row.
CREATE TABLE citus_table (name text PRIMARY KEY, distributed_by text, colocated_with text);

CREATE FUNCTION check_citus_rules(target regclass, distributed_by text, colocated_with text) RETURNS void AS $$
DECLARE
    broken text;
BEGIN
    -- "creating unique indexes on non-partition columns is currently unsupported"
    SELECT indexrelid::regclass::text INTO broken FROM pg_index
    WHERE indrelid = target AND indisunique AND distributed_by IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM pg_attribute
        WHERE attrelid = target AND attname = distributed_by AND attnum = ANY (indkey::smallint[])
    );
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'cannot create constraint on "%": % does not hold %', target, broken, distributed_by;
    END IF;
    -- "cannot create foreign key constraint": to and from tables that are still local
    SELECT conname INTO broken FROM pg_constraint
    WHERE contype = 'f' AND (
        (confrelid = target AND distributed_by IS NOT NULL)
        OR (conrelid = target AND confrelid::regclass::text NOT IN (SELECT name FROM citus_table))
    );
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'cannot distribute "%": the foreign key % ties it to a local table', target, broken;
    END IF;
    IF colocated_with NOT IN ('none', 'default', '') AND colocated_with NOT IN (SELECT name FROM citus_table) THEN
        RAISE EXCEPTION 'relation % is not distributed', colocated_with;
    END IF;
    INSERT INTO citus_table VALUES (target::text, distributed_by, colocated_with);
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION create_distributed_table(target regclass, distributed_by text, colocate_with text DEFAULT 'default')
RETURNS void AS $$ SELECT check_citus_rules(target, distributed_by, colocate_with) $$ LANGUAGE sql;

CREATE FUNCTION create_reference_table(target regclass)
RETURNS void AS $$ SELECT check_citus_rules(target, NULL, '') $$ LANGUAGE sql;
