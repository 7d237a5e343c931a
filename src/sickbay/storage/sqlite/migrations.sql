-- The steps from an empty file to the newest schema. migrations.py says how they are used. A released step is never edited.

-- Step 1: the first schema
CREATE TABLE compartment_index (patient INTEGER NOT NULL, type INTEGER NOT NULL, rank INTEGER NOT NULL, nid
    INTEGER NOT NULL, member INTEGER NOT NULL, PRIMARY KEY (patient, type, rank, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX compartment_index_of ON compartment_index (nid, member, patient);
CREATE TABLE date_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, low INTEGER NOT NULL, high
    INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, low, high, nid)) WITHOUT ROWID,
    STRICT;
CREATE INDEX date_index_of ON date_index (nid, parameter, low, high);
CREATE TABLE meta (name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT;
CREATE TABLE quantity_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, low INTEGER NOT NULL, high
    INTEGER NOT NULL, unit INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, low, high,
    unit, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX quantity_index_of ON quantity_index (nid, parameter, low, high, unit);
CREATE TABLE record (number INTEGER NOT NULL, kind TEXT NOT NULL, "key" TEXT NOT NULL, tenant TEXT NOT NULL,
    owner TEXT NOT NULL, family TEXT NOT NULL, label TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER,
    used_at INTEGER, revision INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (number)) STRICT;
CREATE INDEX record_by_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX record_by_family ON record (family, kind) WHERE family <> '';
CREATE UNIQUE INDEX record_by_key ON record (kind, "key");
CREATE INDEX record_by_owner ON record (owner, kind, at) WHERE owner <> '';
CREATE INDEX record_by_time ON record (kind, at);
CREATE TABLE reference_index (target INTEGER NOT NULL, parameter INTEGER NOT NULL, nid INTEGER NOT NULL,
    PRIMARY KEY (target, parameter, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX reference_index_of ON reference_index (nid, parameter, target);
CREATE TABLE resource (nid INTEGER NOT NULL, space INTEGER NOT NULL, type INTEGER NOT NULL, state INTEGER NOT
    NULL, id TEXT NOT NULL, version_id INTEGER NOT NULL, changed INTEGER NOT NULL, index_revision INTEGER NOT
    NULL, facts TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (nid)) STRICT;
CREATE UNIQUE INDEX resource_by_id ON resource (space, type, id);
CREATE INDEX resource_by_type ON resource (space, type, state, nid);
CREATE TABLE resource_history (nid INTEGER NOT NULL, version_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
    at INTEGER NOT NULL, interaction TEXT NOT NULL, who TEXT NOT NULL, facts TEXT NOT NULL, body BLOB, PRIMARY
    KEY (nid, version_id)) WITHOUT ROWID, STRICT;
CREATE TABLE space (number INTEGER NOT NULL, tenant TEXT NOT NULL, version TEXT NOT NULL, allocated INTEGER
    NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (number)) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX space_by_name ON space (tenant, version);
CREATE TABLE string_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, value TEXT NOT NULL, nid
    INTEGER NOT NULL, PRIMARY KEY (space, parameter, value, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX string_index_of ON string_index (nid, parameter, value);
CREATE TABLE term (hash INTEGER NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (hash))
    WITHOUT ROWID, STRICT;
CREATE INDEX term_by_code ON term (code, hash);
CREATE INDEX term_by_system ON term (system, hash);
CREATE TABLE token_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, hash INTEGER NOT NULL, nid
    INTEGER NOT NULL, PRIMARY KEY (space, parameter, hash, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX token_index_of ON token_index (nid, parameter, hash);
CREATE TABLE type_count (space INTEGER NOT NULL, type INTEGER NOT NULL, live INTEGER NOT NULL, PRIMARY KEY
    (space, type)) WITHOUT ROWID, STRICT;
CREATE TABLE uri_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, value TEXT NOT NULL, nid INTEGER
    NOT NULL, PRIMARY KEY (space, parameter, value, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX uri_index_of ON uri_index (nid, parameter, value);
CREATE TABLE word (number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (number)) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX word_by_text ON word (text);

-- Step 2: an index of the history by time
CREATE INDEX resource_history_by_sequence ON resource_history (sequence);

-- Step 3: composite parameters, and strings that are exact
CREATE TABLE composite_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, hash INTEGER NOT NULL, low
    INTEGER NOT NULL, high INTEGER NOT NULL, unit INTEGER NOT NULL, value TEXT NOT NULL, nid INTEGER NOT NULL,
    PRIMARY KEY (space, parameter, hash, low, high, unit, value, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX composite_index_of ON composite_index (nid, parameter, hash, low, high, unit, value);
DROP INDEX string_index_of;
ALTER TABLE string_index RENAME TO string_index_before;
CREATE TABLE string_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, value TEXT NOT NULL, exact
    INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, value, exact, nid)) WITHOUT ROWID,
    STRICT;
INSERT INTO string_index SELECT space, parameter, value, 0, nid FROM string_index_before;
DROP TABLE string_index_before;
CREATE INDEX string_index_of ON string_index (nid, parameter, value, exact);

-- Step 4: find resources whose index is outdated
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 2;

-- Step 5: compartments by facets
DROP INDEX compartment_index_of;
ALTER TABLE compartment_index RENAME TO compartment_index_before;
CREATE TABLE compartment_index (patient INTEGER NOT NULL, type INTEGER NOT NULL, rank INTEGER NOT NULL, nid
    INTEGER NOT NULL, member INTEGER NOT NULL, named INTEGER NOT NULL, PRIMARY KEY (patient, type, rank, nid))
    WITHOUT ROWID, STRICT;
INSERT INTO compartment_index SELECT patient, type, rank, nid, member, 0 FROM compartment_index_before;
DROP TABLE compartment_index_before;
CREATE INDEX compartment_index_of ON compartment_index (nid, member, patient);
CREATE TABLE facet_index (patient INTEGER NOT NULL, type INTEGER NOT NULL, word INTEGER NOT NULL, hash INTEGER
    NOT NULL, rank INTEGER NOT NULL, nid INTEGER NOT NULL, member INTEGER NOT NULL, named INTEGER NOT NULL,
    PRIMARY KEY (patient, type, word, hash, rank, nid)) WITHOUT ROWID, STRICT;
INSERT INTO facet_index SELECT c.patient, c.type, -t.parameter, t.hash, c.rank, c.nid, c.member, 0
    FROM compartment_index c JOIN token_index t ON t.nid = c.nid WHERE c.member IN (0, 1) AND t.parameter < 0;

-- Step 6: counts in slices
ALTER TABLE type_count RENAME TO type_count_before;
CREATE TABLE type_count (space INTEGER NOT NULL, type INTEGER NOT NULL, slice INTEGER NOT NULL, live INTEGER
    NOT NULL, PRIMARY KEY (space, type, slice)) WITHOUT ROWID, STRICT;
INSERT INTO type_count SELECT space, type, 0, live FROM type_count_before;
DROP TABLE type_count_before;

-- Step 7: index again: words
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 3;

-- Step 8: wide ranges, and resources by change
CREATE INDEX date_index_wide ON date_index (space, parameter, high, low, nid) WHERE low < high - 86400000;
CREATE INDEX quantity_index_wide ON quantity_index (space, parameter, high, low, unit, nid) WHERE low <> high;
CREATE INDEX composite_index_wide ON composite_index (space, parameter, hash, high, low, unit, value, nid)
    WHERE low < high AND high > 0;
CREATE INDEX resource_by_change ON resource (space, type, changed, nid) WHERE state = 1;
INSERT INTO date_index (space, parameter, low, high, nid) SELECT min(space), -parameter, min(low), max(high), nid
    FROM date_index GROUP BY nid, parameter HAVING count(*) > 1;

-- Step 9: index again: parameters of US Core
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 4;

-- Step 10: index again: contacts
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 5;

-- Step 11: the size of the journal
DROP INDEX record_by_family;
CREATE INDEX record_by_family ON record (family, kind, at) WHERE family <> '';
CREATE INDEX record_exchange_by_expiry ON record (owner, expires_at) WHERE kind = 'exchange';
CREATE TABLE journal_size (number INTEGER NOT NULL, owner TEXT NOT NULL, exchanges INTEGER NOT NULL, bytes INTEGER NOT
    NULL, PRIMARY KEY (number)) STRICT;
INSERT INTO journal_size (owner, exchanges, bytes) SELECT owner, count(*), sum(length(value)) FROM record
    WHERE kind = 'exchange' GROUP BY owner;
CREATE TRIGGER exchange_added AFTER INSERT ON record WHEN NEW.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (NEW.owner, 1, length(NEW.value)); END;
CREATE TRIGGER exchange_changed AFTER UPDATE ON record WHEN NEW.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (OLD.owner, -1, -length(OLD.value)),
    (NEW.owner, 1, length(NEW.value)); END;
CREATE TRIGGER exchange_deleted AFTER DELETE ON record WHEN OLD.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (OLD.owner, -1, -length(OLD.value)); END;

-- Step 12: index again: presence and case
DROP INDEX resource_outdated;
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 6;

-- Step 13: the sizes of quotas
CREATE INDEX record_by_quota ON record (label, at, number) WHERE label IN ('anonymous', 'failures') AND kind IN ('code',
    'failure', 'pending', 'session');
CREATE TABLE quota_size (label TEXT NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (label))
    WITHOUT ROWID, STRICT;
INSERT INTO quota_size (label, records, bytes) VALUES ('anonymous', 0, 0), ('failures', 0, 0);
CREATE TRIGGER quota_added AFTER INSERT ON record WHEN NEW.label IN ('anonymous', 'failures') AND NEW.kind IN ('code',
    'failure', 'pending', 'session') BEGIN
    UPDATE quota_size SET records = records + 1, bytes = bytes + length(NEW.value) WHERE label = NEW.label; END;
CREATE TRIGGER quota_changed AFTER UPDATE OF label, value ON record WHEN (OLD.label IN ('anonymous', 'failures') OR
    NEW.label IN ('anonymous', 'failures')) AND NEW.kind IN ('code', 'failure', 'pending', 'session') AND (OLD.label <>
    NEW.label OR length(OLD.value) <> length(NEW.value)) BEGIN
    UPDATE quota_size SET records = records - 1, bytes = bytes - length(OLD.value) WHERE label = OLD.label;
    UPDATE quota_size SET records = records + 1, bytes = bytes + length(NEW.value) WHERE label = NEW.label; END;
CREATE TRIGGER quota_deleted AFTER DELETE ON record WHEN OLD.label IN ('anonymous', 'failures') AND OLD.kind IN ('code',
    'failure', 'pending', 'session') BEGIN
    UPDATE quota_size SET records = records - 1, bytes = bytes - length(OLD.value) WHERE label = OLD.label; END;

-- Step 14: marks to return to
CREATE TABLE mark (space INTEGER NOT NULL, name TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY
    (space, name)) WITHOUT ROWID, STRICT;
DROP INDEX resource_history_by_sequence;
CREATE INDEX resource_history_by_sequence ON resource_history ((nid >> 40), sequence);

-- Step 15: changes as differences
ALTER TABLE resource_history ADD COLUMN undo BLOB;

-- Step 16: the line of an exchange
ALTER TABLE record ADD COLUMN line TEXT DEFAULT '' NOT NULL;

-- Step 17: snapshots
ALTER TABLE space ADD COLUMN last_version INTEGER DEFAULT 0 NOT NULL;
CREATE TABLE snapshot_mark (snapshot TEXT NOT NULL, space INTEGER NOT NULL, name TEXT NOT NULL, sequence INTEGER NOT
    NULL, PRIMARY KEY (snapshot, space, name)) WITHOUT ROWID, STRICT;
CREATE TABLE snapshot_version (snapshot TEXT NOT NULL, space INTEGER NOT NULL, sequence INTEGER NOT NULL, nid INTEGER
    NOT NULL, type INTEGER NOT NULL, id TEXT NOT NULL, version_id INTEGER NOT NULL, at INTEGER NOT NULL, interaction
    TEXT NOT NULL, who TEXT NOT NULL, facts TEXT NOT NULL, body BLOB, PRIMARY KEY (snapshot, space, sequence)) WITHOUT
    ROWID, STRICT;
CREATE TABLE snapshot_record (snapshot TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, "key" TEXT NOT
    NULL, tenant TEXT NOT NULL, owner TEXT NOT NULL, family TEXT NOT NULL, label TEXT NOT NULL, at INTEGER NOT NULL,
    expires_at INTEGER, used_at INTEGER, revision INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (snapshot,
    number)) WITHOUT ROWID, STRICT;

-- Step 18: resources that are hidden
CREATE TABLE hidden_resource (nid INTEGER NOT NULL, PRIMARY KEY (nid)) STRICT;
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
