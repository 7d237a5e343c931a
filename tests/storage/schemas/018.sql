BEGIN;
DROP TABLE IF EXISTS compartment_index;
CREATE TABLE compartment_index (patient INTEGER NOT NULL, type INTEGER NOT NULL, rank INTEGER NOT NULL, nid
    INTEGER NOT NULL, member INTEGER NOT NULL, named INTEGER NOT NULL, PRIMARY KEY (patient, type, rank, nid))
    WITHOUT ROWID, STRICT;
INSERT INTO compartment_index VALUES(1099511627777,1,4611686018427387904,1099511627777,1,0);
INSERT INTO compartment_index VALUES(1099511627777,2,-259200000,1099511627778,1,0);
CREATE INDEX compartment_index_of ON compartment_index (nid, member, patient);
DROP TABLE IF EXISTS composite_index;
CREATE TABLE composite_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, hash INTEGER NOT NULL, low
    INTEGER NOT NULL, high INTEGER NOT NULL, unit INTEGER NOT NULL, value TEXT NOT NULL, nid INTEGER NOT NULL,
    PRIMARY KEY (space, parameter, hash, low, high, unit, value, nid)) WITHOUT ROWID, STRICT;
INSERT INTO composite_index VALUES(1,137,7037231709436434746,4609434218613702656,4609434218613702656,0,'',1099511627778);
CREATE INDEX composite_index_of ON composite_index (nid, parameter, hash, low, high, unit, value);
CREATE INDEX composite_index_wide ON composite_index (space, parameter, hash, high, low, unit, value, nid)
    WHERE low < high AND high > 0;
DROP TABLE IF EXISTS date_index;
CREATE TABLE date_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, low INTEGER NOT NULL, high
    INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, low, high, nid)) WITHOUT ROWID,
    STRICT;
INSERT INTO date_index VALUES(1,131,259200000,345600000,1099511627778);
CREATE INDEX date_index_of ON date_index (nid, parameter, low, high);
CREATE INDEX date_index_wide ON date_index (space, parameter, high, low, nid) WHERE low < high - 86400000;
DROP TABLE IF EXISTS facet_index;
CREATE TABLE facet_index (patient INTEGER NOT NULL, type INTEGER NOT NULL, word INTEGER NOT NULL, hash INTEGER
    NOT NULL, rank INTEGER NOT NULL, nid INTEGER NOT NULL, member INTEGER NOT NULL, named INTEGER NOT NULL,
    PRIMARY KEY (patient, type, word, hash, rank, nid)) WITHOUT ROWID, STRICT;
INSERT INTO facet_index VALUES(1099511627777,2,3,7037231709436434746,-259200000,1099511627778,1,0);
INSERT INTO facet_index VALUES(1099511627777,2,4,-1546566874219309289,-259200000,1099511627778,1,0);
DROP TABLE IF EXISTS hidden_resource;
CREATE TABLE hidden_resource (nid INTEGER NOT NULL, PRIMARY KEY (nid)) STRICT;
DROP TABLE IF EXISTS journal_size;
CREATE TABLE journal_size (number INTEGER NOT NULL, owner TEXT NOT NULL, exchanges INTEGER NOT NULL, bytes INTEGER NOT
    NULL, PRIMARY KEY (number)) STRICT;
DROP TABLE IF EXISTS mark;
CREATE TABLE mark (space INTEGER NOT NULL, name TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (space, name))
    WITHOUT ROWID, STRICT;
DROP TABLE IF EXISTS meta;
CREATE TABLE meta (name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT;
INSERT INTO meta VALUES('cursor_key',X'5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A');
DROP TABLE IF EXISTS quantity_index;
CREATE TABLE quantity_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, low INTEGER NOT NULL, high
    INTEGER NOT NULL, unit INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, low, high,
    unit, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX quantity_index_of ON quantity_index (nid, parameter, low, high, unit);
CREATE INDEX quantity_index_wide ON quantity_index (space, parameter, high, low, unit, nid) WHERE low <> high;
DROP TABLE IF EXISTS quota_size;
CREATE TABLE quota_size (label TEXT NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (label))
    WITHOUT ROWID, STRICT;
INSERT INTO quota_size VALUES('anonymous',0,0);
INSERT INTO quota_size VALUES('failures',0,0);
DROP TABLE IF EXISTS record;
CREATE TABLE record (number INTEGER NOT NULL, kind TEXT NOT NULL, "key" TEXT NOT NULL, tenant TEXT NOT NULL,
    owner TEXT NOT NULL, family TEXT NOT NULL, label TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER,
    used_at INTEGER, revision INTEGER NOT NULL, value BLOB NOT NULL, line TEXT DEFAULT
    '' NOT NULL, PRIMARY KEY (number)) STRICT;
INSERT INTO record VALUES(1,'app','kept','general','','','',0,NULL,NULL,1,X'7B226E616D65223A226B657074227D','');
CREATE TRIGGER exchange_added AFTER INSERT ON record WHEN NEW.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (NEW.owner, 1, length(NEW.value)); END;
CREATE TRIGGER exchange_changed AFTER UPDATE ON record WHEN NEW.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (OLD.owner, -1, -length(OLD.value)),
    (NEW.owner, 1, length(NEW.value)); END;
CREATE TRIGGER exchange_deleted AFTER DELETE ON record WHEN OLD.kind = 'exchange' BEGIN
    INSERT INTO journal_size (owner, exchanges, bytes) VALUES (OLD.owner, -1, -length(OLD.value)); END;
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
CREATE INDEX record_by_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX record_by_family ON record (family, kind, at) WHERE family <> '';
CREATE UNIQUE INDEX record_by_key ON record (kind, "key");
CREATE INDEX record_by_owner ON record (owner, kind, at) WHERE owner <> '';
CREATE INDEX record_by_quota ON record (label, at, number) WHERE label IN ('anonymous', 'failures') AND kind IN ('code',
    'failure', 'pending', 'session');
CREATE INDEX record_by_time ON record (kind, at);
CREATE INDEX record_exchange_by_expiry ON record (owner, expires_at) WHERE kind = 'exchange';
DROP TABLE IF EXISTS reference_index;
CREATE TABLE reference_index (target INTEGER NOT NULL, parameter INTEGER NOT NULL, nid INTEGER NOT NULL,
    PRIMARY KEY (target, parameter, nid)) WITHOUT ROWID, STRICT;
INSERT INTO reference_index VALUES(1099511627777,132,1099511627778);
INSERT INTO reference_index VALUES(1099511627777,133,1099511627778);
CREATE INDEX reference_index_of ON reference_index (nid, parameter, target);
DROP TABLE IF EXISTS resource;
CREATE TABLE resource (nid INTEGER NOT NULL, space INTEGER NOT NULL, type INTEGER NOT NULL, state INTEGER NOT
    NULL, id TEXT NOT NULL, version_id INTEGER NOT NULL, changed INTEGER NOT NULL, index_revision INTEGER NOT
    NULL, facts TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (nid)) STRICT;
INSERT INTO resource VALUES(1099511627777,1,1,1,'old',1,1000,1,'["old"]
[]',X'50617469656E742F6F6C642F31');
INSERT INTO resource VALUES(1099511627778,1,2,1,'o1',1,1000,1,'["old"]
[["code","http://loinc.org","8867-4"],["category","http://category","vital-signs"]]',X'4F62736572766174696F6E2F6F312F31');
CREATE INDEX resource_by_change ON resource (space, type, changed, nid) WHERE state = 1;
CREATE UNIQUE INDEX resource_by_id ON resource (space, type, id);
CREATE INDEX resource_by_type ON resource (space, type, state, nid);
CREATE INDEX resource_outdated ON resource (nid) WHERE state = 1 AND index_revision < 6;
DROP TABLE IF EXISTS resource_history;
CREATE TABLE resource_history (nid INTEGER NOT NULL, version_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
    at INTEGER NOT NULL, interaction TEXT NOT NULL, who TEXT NOT NULL, facts TEXT NOT NULL, body BLOB, undo BLOB, PRIMARY
    KEY (nid, version_id)) WITHOUT ROWID, STRICT;
INSERT INTO resource_history VALUES(1099511627777,1,1,1000,'create','','["old"]
[]',NULL,NULL);
INSERT INTO resource_history VALUES(1099511627778,1,2,1000,'create','','["old"]
[["code","http://loinc.org","8867-4"],["category","http://category","vital-signs"]]',NULL,NULL);
CREATE INDEX resource_history_by_sequence ON resource_history ((nid >> 40), sequence);
DROP TABLE IF EXISTS snapshot_mark;
CREATE TABLE snapshot_mark (snapshot TEXT NOT NULL, space INTEGER NOT NULL, name TEXT NOT NULL, sequence INTEGER NOT
    NULL, PRIMARY KEY (snapshot, space, name)) WITHOUT ROWID, STRICT;
DROP TABLE IF EXISTS snapshot_record;
CREATE TABLE snapshot_record (snapshot TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, "key" TEXT NOT
    NULL, tenant TEXT NOT NULL, owner TEXT NOT NULL, family TEXT NOT NULL, label TEXT NOT NULL, at INTEGER NOT NULL,
    expires_at INTEGER, used_at INTEGER, revision INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (snapshot,
    number)) WITHOUT ROWID, STRICT;
DROP TABLE IF EXISTS snapshot_version;
CREATE TABLE snapshot_version (snapshot TEXT NOT NULL, space INTEGER NOT NULL, sequence INTEGER NOT NULL, nid INTEGER
    NOT NULL, type INTEGER NOT NULL, id TEXT NOT NULL, version_id INTEGER NOT NULL, at INTEGER NOT NULL, interaction
    TEXT NOT NULL, who TEXT NOT NULL, facts TEXT NOT NULL, body BLOB, PRIMARY KEY (snapshot, space, sequence)) WITHOUT
    ROWID, STRICT;
DROP TABLE IF EXISTS space;
CREATE TABLE space (number INTEGER NOT NULL, tenant TEXT NOT NULL, version TEXT NOT NULL, allocated INTEGER
    NOT NULL, sequence INTEGER NOT NULL, last_version INTEGER DEFAULT 0 NOT NULL, PRIMARY KEY (number)) WITHOUT ROWID, STRICT;
INSERT INTO space VALUES(1,'general','r4',2,2,0);
CREATE UNIQUE INDEX space_by_name ON space (tenant, version);
DROP TABLE IF EXISTS string_index;
CREATE TABLE string_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, value TEXT NOT NULL, exact
    INTEGER NOT NULL, nid INTEGER NOT NULL, PRIMARY KEY (space, parameter, value, exact, nid)) WITHOUT ROWID,
    STRICT;
INSERT INTO string_index VALUES(1,1,'anna',0,1099511627777);
INSERT INTO string_index VALUES(1,1,'peters',0,1099511627777);
CREATE INDEX string_index_of ON string_index (nid, parameter, value, exact);
DROP TABLE IF EXISTS term;
CREATE TABLE term (hash INTEGER NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (hash))
    WITHOUT ROWID, STRICT;
INSERT INTO term VALUES(-1546566874219309289,'http://category','vital-signs');
INSERT INTO term VALUES(1001587612205101429,'http://hl7.org/fhir/administrative-gender','female');
INSERT INTO term VALUES(7037231709436434746,'http://loinc.org','8867-4');
CREATE INDEX term_by_code ON term (code, hash);
CREATE INDEX term_by_system ON term (system, hash);
DROP TABLE IF EXISTS token_index;
CREATE TABLE token_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, hash INTEGER NOT NULL, nid
    INTEGER NOT NULL, PRIMARY KEY (space, parameter, hash, nid)) WITHOUT ROWID, STRICT;
INSERT INTO token_index VALUES(1,2,1001587612205101429,1099511627777);
INSERT INTO token_index VALUES(1,-4,-1546566874219309289,1099511627778);
INSERT INTO token_index VALUES(1,-3,7037231709436434746,1099511627778);
INSERT INTO token_index VALUES(1,129,7037231709436434746,1099511627778);
INSERT INTO token_index VALUES(1,130,-1546566874219309289,1099511627778);
CREATE INDEX token_index_of ON token_index (nid, parameter, hash);
DROP TABLE IF EXISTS type_count;
CREATE TABLE type_count (space INTEGER NOT NULL, type INTEGER NOT NULL, slice INTEGER NOT NULL, live INTEGER
    NOT NULL, PRIMARY KEY (space, type, slice)) WITHOUT ROWID, STRICT;
INSERT INTO type_count VALUES(1,1,0,1);
INSERT INTO type_count VALUES(1,2,0,1);
DROP TABLE IF EXISTS uri_index;
CREATE TABLE uri_index (space INTEGER NOT NULL, parameter INTEGER NOT NULL, value TEXT NOT NULL, nid INTEGER
    NOT NULL, PRIMARY KEY (space, parameter, value, nid)) WITHOUT ROWID, STRICT;
CREATE INDEX uri_index_of ON uri_index (nid, parameter, value);
DROP TABLE IF EXISTS word;
CREATE TABLE word (number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (number)) WITHOUT ROWID, STRICT;
INSERT INTO word VALUES(2,'Observation');
INSERT INTO word VALUES(1,'Patient');
INSERT INTO word VALUES(4,'category');
INSERT INTO word VALUES(3,'code');
CREATE UNIQUE INDEX word_by_text ON word (text);
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
pragma user_version=18;
COMMIT TRANSACTION;
