-- The steps from an empty database to the newest schema. migrations.py says how they are used. A released step is never edited.

-- Step 1: the first schema
CREATE SEQUENCE history_sequence;
CREATE TABLE compartment_index (patient BIGINT NOT NULL, type BIGINT NOT NULL, rank BIGINT NOT NULL, nid BIGINT
    NOT NULL, member BIGINT NOT NULL, PRIMARY KEY (patient, type, rank, nid));
CREATE INDEX compartment_index_of ON compartment_index (nid, member, patient);
CREATE TABLE date_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, low BIGINT NOT NULL, high BIGINT NOT
    NULL, nid BIGINT NOT NULL, PRIMARY KEY (space, parameter, low, high, nid));
CREATE INDEX date_index_of ON date_index (nid, parameter, low, high);
CREATE TABLE meta (name TEXT COLLATE "C" NOT NULL, value BYTEA NOT NULL, PRIMARY KEY (name));
CREATE TABLE quantity_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, low BIGINT NOT NULL, high BIGINT
    NOT NULL, unit BIGINT NOT NULL, nid BIGINT NOT NULL, PRIMARY KEY (space, parameter, low, high, unit, nid));
CREATE INDEX quantity_index_of ON quantity_index (nid, parameter, low, high, unit);
CREATE TABLE record (number BIGSERIAL NOT NULL, kind TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL, owner TEXT COLLATE "C" NOT NULL, family TEXT COLLATE "C" NOT NULL, label
    TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT, revision BIGINT NOT NULL,
    value BYTEA NOT NULL, PRIMARY KEY (number));
CREATE INDEX record_by_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX record_by_family ON record (family, kind) WHERE family <> '';
CREATE UNIQUE INDEX record_by_key ON record (kind, key);
CREATE INDEX record_by_owner ON record (owner, kind, at) WHERE owner <> '';
CREATE INDEX record_by_time ON record (kind, at);
CREATE TABLE reference_index (target BIGINT NOT NULL, parameter BIGINT NOT NULL, nid BIGINT NOT NULL, PRIMARY
    KEY (target, parameter, nid));
CREATE INDEX reference_index_of ON reference_index (nid, parameter, target);
CREATE TABLE resource (nid BIGINT NOT NULL, space BIGINT NOT NULL, type BIGINT NOT NULL, state BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL, version_id BIGINT NOT NULL, changed BIGINT NOT NULL, index_revision BIGINT NOT
    NULL, facts TEXT COLLATE "C" NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (nid));
CREATE UNIQUE INDEX resource_by_id ON resource (space, type, id);
CREATE INDEX resource_by_type ON resource (space, type, state, nid);
CREATE TABLE resource_history (nid BIGINT NOT NULL, version_id BIGINT NOT NULL, sequence BIGINT NOT NULL, at
    BIGINT NOT NULL, interaction TEXT COLLATE "C" NOT NULL, who TEXT COLLATE "C" NOT NULL, facts TEXT COLLATE
    "C" NOT NULL, body BYTEA, PRIMARY KEY (nid, version_id));
CREATE INDEX resource_history_by_sequence ON resource_history (sequence);
CREATE TABLE space (number BIGINT NOT NULL, tenant TEXT COLLATE "C" NOT NULL, version TEXT COLLATE "C" NOT NULL,
    allocated BIGINT NOT NULL, sequence BIGINT NOT NULL, PRIMARY KEY (number));
CREATE UNIQUE INDEX space_by_name ON space (tenant, version);
CREATE TABLE string_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, value TEXT COLLATE "C" NOT NULL,
    nid BIGINT NOT NULL, PRIMARY KEY (space, parameter, value, nid));
CREATE INDEX string_index_of ON string_index (nid, parameter, value);
CREATE TABLE term (hash BIGINT NOT NULL, system TEXT COLLATE "C" NOT NULL, code TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (hash));
CREATE INDEX term_by_code ON term (code, hash);
CREATE INDEX term_by_system ON term (system, hash);
CREATE TABLE token_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, hash BIGINT NOT NULL, nid BIGINT NOT
    NULL, PRIMARY KEY (space, parameter, hash, nid));
CREATE INDEX token_index_of ON token_index (nid, parameter, hash);
CREATE TABLE type_count (space BIGINT NOT NULL, type BIGINT NOT NULL, live BIGINT NOT NULL, PRIMARY KEY (space,
    type));
CREATE TABLE uri_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, value TEXT COLLATE "C" NOT NULL, nid
    BIGINT NOT NULL, PRIMARY KEY (space, parameter, value, nid));
CREATE INDEX uri_index_of ON uri_index (nid, parameter, value);
CREATE TABLE word (number BIGINT NOT NULL, text TEXT COLLATE "C" NOT NULL, PRIMARY KEY (number));
CREATE UNIQUE INDEX word_by_text ON word (text);

-- Step 2: composite parameters, and strings that are exact
CREATE TABLE composite_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, hash BIGINT NOT NULL, low BIGINT
    NOT NULL, high BIGINT NOT NULL, unit BIGINT NOT NULL, value TEXT COLLATE "C" NOT NULL, nid BIGINT NOT NULL,
    PRIMARY KEY (space, parameter, hash, low, high, unit, value, nid));
CREATE INDEX composite_index_of ON composite_index (nid, parameter, hash, low, high, unit, value);
DROP INDEX string_index_of;
ALTER TABLE string_index RENAME TO string_index_before;
ALTER TABLE string_index_before RENAME CONSTRAINT string_index_pkey TO string_index_before_pkey;
CREATE TABLE string_index (space BIGINT NOT NULL, parameter BIGINT NOT NULL, value TEXT COLLATE "C" NOT NULL,
    exact BIGINT NOT NULL, nid BIGINT NOT NULL, PRIMARY KEY (space, parameter, value, exact, nid));
INSERT INTO string_index SELECT space, parameter, value, 0, nid FROM string_index_before;
DROP TABLE string_index_before;
CREATE INDEX string_index_of ON string_index (nid, parameter, value, exact);

-- Step 3: find resources whose index is outdated
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 2;

-- Step 4: compartments by facets
ALTER TABLE compartment_index ADD COLUMN named BIGINT NOT NULL DEFAULT 0;
ALTER TABLE compartment_index ALTER COLUMN named DROP DEFAULT;
CREATE TABLE facet_index (patient BIGINT NOT NULL, type BIGINT NOT NULL, word BIGINT NOT NULL, hash BIGINT NOT NULL,
    rank BIGINT NOT NULL, nid BIGINT NOT NULL, member BIGINT NOT NULL, named BIGINT NOT NULL, PRIMARY KEY (patient, type, word,
    hash, rank, nid));
INSERT INTO facet_index SELECT c.patient, c.type, -t.parameter, t.hash, c.rank, c.nid, c.member, 0
    FROM compartment_index c JOIN token_index t ON t.nid = c.nid WHERE c.member IN (0, 1) AND t.parameter < 0;

-- Step 5: counts in slices
ALTER TABLE type_count RENAME TO type_count_before;
ALTER TABLE type_count_before RENAME CONSTRAINT type_count_pkey TO type_count_before_pkey;
CREATE TABLE type_count (space BIGINT NOT NULL, type BIGINT NOT NULL, slice BIGINT NOT NULL, live BIGINT NOT NULL,
    PRIMARY KEY (space, type, slice));
INSERT INTO type_count SELECT space, type, 0, live FROM type_count_before;
DROP TABLE type_count_before;

-- Step 6: index again: words
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 3;

-- Step 7: wide ranges, and resources by change
CREATE INDEX date_index_wide ON date_index (space, parameter, high, low, nid) WHERE low < high - 86400000;
CREATE INDEX quantity_index_wide ON quantity_index (space, parameter, high, low, unit, nid) WHERE low <> high;
CREATE INDEX composite_index_wide ON composite_index (space, parameter, hash, high, low, unit, value, nid)
    WHERE low < high AND high > 0;
CREATE INDEX resource_by_change ON resource (space, type, changed, nid) WHERE state = 1;
INSERT INTO date_index (space, parameter, low, high, nid) SELECT min(space), -parameter, min(low), max(high), nid
    FROM date_index GROUP BY nid, parameter HAVING count(*) > 1;

-- Step 8: index again: parameters of US Core
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 4;

-- Step 9: index again: contacts
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 5;

-- Step 10: the size of the journal
DROP INDEX record_by_family;
CREATE INDEX record_by_family ON record (family, kind, at) WHERE family <> '';
CREATE INDEX record_exchange_by_expiry ON record (owner, expires_at) WHERE kind = 'exchange';
CREATE TABLE journal_size (number BIGSERIAL NOT NULL, owner TEXT COLLATE "C" NOT NULL, exchanges BIGINT NOT NULL, bytes
    BIGINT NOT NULL, PRIMARY KEY (number));
INSERT INTO journal_size (owner, exchanges, bytes) SELECT owner, count(*), sum(octet_length(value)) FROM record
    WHERE kind = 'exchange' GROUP BY owner;
CREATE FUNCTION exchange_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN INSERT INTO journal_size (owner, exchanges, bytes)
        VALUES (OLD.owner, -1, -octet_length(OLD.value)); END IF;
    IF TG_OP <> 'DELETE' THEN INSERT INTO journal_size (owner, exchanges, bytes)
        VALUES (NEW.owner, 1, octet_length(NEW.value)); END IF;
    RETURN NULL; END $$;
CREATE TRIGGER exchange_added AFTER INSERT ON record FOR EACH ROW WHEN (NEW.kind = 'exchange')
    EXECUTE FUNCTION exchange_counted();
CREATE TRIGGER exchange_changed AFTER UPDATE ON record FOR EACH ROW WHEN (NEW.kind = 'exchange')
    EXECUTE FUNCTION exchange_counted();
CREATE TRIGGER exchange_deleted AFTER DELETE ON record FOR EACH ROW WHEN (OLD.kind = 'exchange')
    EXECUTE FUNCTION exchange_counted();

-- Step 11: index again: presence and case
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 6;

-- Step 12: the sizes of quotas
CREATE INDEX record_by_quota ON record (label, at, number) WHERE label IN ('anonymous', 'failures') AND kind IN ('code',
    'failure', 'pending', 'session');
CREATE TABLE quota_size (label TEXT COLLATE "C" NOT NULL, records BIGINT NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY
    (label));
INSERT INTO quota_size (label, records, bytes) VALUES ('anonymous', 0, 0), ('failures', 0, 0);
CREATE FUNCTION quota_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN UPDATE quota_size SET records = records - 1, bytes = bytes - octet_length(OLD.value)
        WHERE label = OLD.label; END IF;
    IF TG_OP <> 'DELETE' THEN UPDATE quota_size SET records = records + 1, bytes = bytes + octet_length(NEW.value)
        WHERE label = NEW.label; END IF;
    RETURN NULL; END $$;
CREATE TRIGGER quota_added AFTER INSERT ON record FOR EACH ROW WHEN (NEW.label IN ('anonymous', 'failures') AND NEW.kind
    IN ('code', 'failure', 'pending', 'session')) EXECUTE FUNCTION quota_counted();
CREATE TRIGGER quota_changed AFTER UPDATE OF label, value ON record FOR EACH ROW WHEN ((OLD.label IN ('anonymous',
    'failures') OR NEW.label IN ('anonymous', 'failures')) AND NEW.kind IN ('code', 'failure', 'pending', 'session') AND
    (OLD.label <> NEW.label OR octet_length(OLD.value) <> octet_length(NEW.value))) EXECUTE FUNCTION quota_counted();
CREATE TRIGGER quota_deleted AFTER DELETE ON record FOR EACH ROW WHEN (OLD.label IN ('anonymous', 'failures') AND
    OLD.kind IN ('code', 'failure', 'pending', 'session')) EXECUTE FUNCTION quota_counted();

-- Step 13: marks to return to
CREATE TABLE mark (space BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, sequence BIGINT NOT NULL, PRIMARY KEY (space, name));
DROP INDEX resource_history_by_sequence;
CREATE INDEX resource_history_by_sequence ON resource_history ((nid >> 40), sequence);

-- Step 14: changes as differences
ALTER TABLE resource_history ADD COLUMN undo BYTEA;

-- Step 15: the line of an exchange
ALTER TABLE record ADD COLUMN line TEXT COLLATE "C" DEFAULT '' NOT NULL;

-- Step 16: snapshots
ALTER TABLE space ADD COLUMN last_version BIGINT DEFAULT 0 NOT NULL;
CREATE TABLE snapshot_mark (snapshot TEXT COLLATE "C" NOT NULL, space BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL, PRIMARY KEY (snapshot, space, name));
CREATE TABLE snapshot_version (snapshot TEXT COLLATE "C" NOT NULL, space BIGINT NOT NULL, sequence BIGINT NOT NULL,
    nid BIGINT NOT NULL, type BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, version_id BIGINT NOT NULL, at BIGINT NOT
    NULL, interaction TEXT COLLATE "C" NOT NULL, who TEXT COLLATE "C" NOT NULL, facts TEXT COLLATE "C" NOT NULL, body
    BYTEA, PRIMARY KEY (snapshot, space, sequence));
CREATE TABLE snapshot_record (snapshot TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, kind TEXT COLLATE "C" NOT
    NULL, "key" TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL, owner TEXT COLLATE "C" NOT NULL, family
    TEXT COLLATE "C" NOT NULL, label TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT,
    revision BIGINT NOT NULL, value BYTEA NOT NULL, PRIMARY KEY (snapshot, number));

-- Step 17: resources that are hidden
CREATE TABLE hidden_resource (nid BIGINT NOT NULL, PRIMARY KEY (nid));
CREATE VIEW shown_compartment AS SELECT * FROM compartment_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_facet AS SELECT * FROM facet_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_token AS SELECT * FROM token_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_reference AS SELECT * FROM reference_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_date AS SELECT * FROM date_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_quantity AS SELECT * FROM quantity_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_string AS SELECT * FROM string_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_uri AS SELECT * FROM uri_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
CREATE VIEW shown_composite AS SELECT * FROM composite_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)
    OR nid NOT IN (SELECT nid FROM hidden_resource);
