-- What campflow made in a new database of this kind before there were revisions (schema version 2).
CREATE TABLE attempt (
    attempt_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (attempt_id)
);
CREATE INDEX attempt_of_message ON attempt (message_id);
CREATE TABLE batch (
    batch_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    ready_at BIGINT NOT NULL,
    first_message_id INTEGER NOT NULL,
    last_message_id INTEGER NOT NULL,
    handed_to INTEGER NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (batch_id)
);
CREATE INDEX batch_open ON batch (channel, first_message_id) WHERE closed_at IS NULL;
CREATE TABLE calendar_month (
    month INTEGER NOT NULL,
    first_day INTEGER NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (month),
    UNIQUE (first_day)
);
CREATE TABLE campaign (
    campaign_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version_id INTEGER,
    started_at BIGINT NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    looked_at BIGINT NOT NULL,
    looked_event BIGINT NOT NULL,
    looked_change BIGINT NOT NULL,
    looked_contact BIGINT NOT NULL,
    PRIMARY KEY (campaign_id),
    UNIQUE (name)
);
CREATE TABLE contact (
    contact_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    draw BIGINT NOT NULL,
    extra TEXT,
    email TEXT,
    "plan" TEXT,
    score BIGINT,
    UNIQUE (contact_key)
);
CREATE UNIQUE INDEX contact_email ON contact (email);
CREATE TABLE conversion (
    journey_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    contact_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    statement_id INTEGER NOT NULL,
    at BIGINT NOT NULL,
    cause_seq BIGINT NOT NULL,
    worth FLOAT,
    PRIMARY KEY (journey_id, name)
)
 WITHOUT ROWID;
CREATE TABLE cost (
    contact_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    amount BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, message_id)
)
 WITHOUT ROWID;
CREATE INDEX cost_of_campaign ON cost (campaign_id, amount);
CREATE TABLE errand (
    errand_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    journey_id INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    errand_statement_id INTEGER NOT NULL,
    given TEXT,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    retry_at BIGINT,
    owner TEXT,
    fence BIGINT,
    leased_until BIGINT,
    settled_at BIGINT,
    detail TEXT,
    PRIMARY KEY (errand_id),
    CONSTRAINT errand_once UNIQUE (contact_id, journey_id, nth, errand_statement_id)
);
CREATE INDEX errand_ready ON errand (errand_statement_id, errand_id) WHERE state = 'ready';
CREATE INDEX errand_running ON errand (leased_until) WHERE state = 'running';
CREATE TABLE exposure (
    contact_id INTEGER NOT NULL,
    split_id INTEGER NOT NULL,
    arm_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    journey_id INTEGER,
    at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    drawn BOOLEAN NOT NULL,
    PRIMARY KEY (contact_id, split_id)
)
 WITHOUT ROWID;
CREATE INDEX exposure_of_split ON exposure (split_id, at);
CREATE TABLE forgotten (
    trace TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (trace)
)
 WITHOUT ROWID;
CREATE TABLE journey (
    journey_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    journey_key TEXT NOT NULL,
    entry INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    entered_at BIGINT NOT NULL,
    entry_seq BIGINT NOT NULL,
    entered_seq BIGINT NOT NULL,
    stage_id INTEGER,
    since BIGINT NOT NULL,
    since_seq BIGINT NOT NULL,
    asked_seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    due_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (journey_id),
    CONSTRAINT journey_once UNIQUE (campaign_id, contact_id, journey_key, entry)
);
CREATE INDEX journey_due ON journey (campaign_id, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE message (
    message_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    journey_id INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    send_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    planned_at BIGINT NOT NULL,
    release_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    retry_at BIGINT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    settled_at BIGINT,
    provider_id TEXT,
    content_hash TEXT,
    detail TEXT,
    CONSTRAINT message_once UNIQUE (contact_id, journey_id, nth, send_id)
);
CREATE INDEX message_planned ON message (release_at) WHERE state = 'planned';
CREATE INDEX message_ready ON message (channel, message_id) WHERE state = 'ready';
CREATE TABLE move (
    move_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    journey_id INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    from_stage_id INTEGER,
    to_stage_id INTEGER,
    statement_id INTEGER NOT NULL,
    at BIGINT NOT NULL,
    cause_seq BIGINT,
    PRIMARY KEY (move_id),
    CONSTRAINT move_once UNIQUE (contact_id, journey_id, nth)
);
CREATE TABLE prospect (
    campaign_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, contact_id)
)
 WITHOUT ROWID;
CREATE INDEX prospect_due ON prospect (campaign_id, due_at);
CREATE TABLE rfm (
    contact_id INTEGER NOT NULL,
    recency INTEGER NOT NULL,
    frequency INTEGER NOT NULL,
    monetary INTEGER NOT NULL,
    PRIMARY KEY (contact_id)
);
CREATE TABLE setting (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE zone_local (
    zone TEXT NOT NULL,
    from_local BIGINT NOT NULL,
    "offset" BIGINT NOT NULL,
    gap_at BIGINT,
    PRIMARY KEY (zone, from_local)
)
 WITHOUT ROWID;
CREATE TABLE zone_offset (
    zone TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    "offset" BIGINT NOT NULL,
    PRIMARY KEY (zone, from_at)
)
 WITHOUT ROWID;
CREATE TABLE campaign_version (
    version_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    hash TEXT NOT NULL,
    source TEXT NOT NULL,
    segments TEXT NOT NULL,
    path TEXT NOT NULL,
    line INTEGER NOT NULL,
    author TEXT NOT NULL,
    deployed_at BIGINT NOT NULL,
    within BIGINT NOT NULL,
    version_from BIGINT,
    version_to BIGINT,
    withdraws INTEGER,
    PRIMARY KEY (version_id),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE INDEX version_of_campaign ON campaign_version (campaign_id, version_id);
CREATE TABLE change (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    at BIGINT NOT NULL,
    old TEXT,
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX change_of_contact ON change (contact_id, field, at);
CREATE TABLE consent (
    consent_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    purpose TEXT NOT NULL,
    given BOOLEAN NOT NULL,
    wording TEXT,
    source TEXT,
    proof TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (consent_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX consent_of_contact ON consent (contact_id, at);
CREATE TABLE event (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    about TEXT,
    at BIGINT NOT NULL,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    message_id INTEGER,
    early BOOLEAN DEFAULT false NOT NULL,
    purchase$amount BIGINT,
    CONSTRAINT event_once UNIQUE (contact_id, source, event_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX event_early ON event (at) WHERE early = 1;
CREATE INDEX event_history ON event (contact_id, name, at);
CREATE TABLE split (
    split_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    salt TEXT NOT NULL,
    winner_arm_id INTEGER,
    decided_at BIGINT,
    detail TEXT,
    PRIMARY KEY (split_id),
    CONSTRAINT split_once UNIQUE (campaign_id, name),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE TABLE stage (
    stage_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    final BOOLEAN NOT NULL,
    PRIMARY KEY (stage_id),
    CONSTRAINT stage_once UNIQUE (campaign_id, name),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE TABLE suppression (
    suppression_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    lifted_at BIGINT,
    PRIMARY KEY (suppression_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX suppression_of_contact ON suppression (contact_id, channel);
CREATE TABLE arm (
    arm_id INTEGER NOT NULL,
    split_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (arm_id),
    CONSTRAINT arm_once UNIQUE (split_id, name),
    FOREIGN KEY(split_id) REFERENCES split (split_id)
);
CREATE TABLE errand_statement (
    errand_statement_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    stage_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    content TEXT NOT NULL,
    nth INTEGER NOT NULL,
    PRIMARY KEY (errand_statement_id),
    CONSTRAINT errand_statement_once UNIQUE (stage_id, kind, target, content, nth),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id),
    FOREIGN KEY(stage_id) REFERENCES stage (stage_id)
);
CREATE TABLE send (
    send_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    stage_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    nth INTEGER NOT NULL,
    options TEXT NOT NULL,
    purpose TEXT DEFAULT '' NOT NULL,
    transactional BOOLEAN DEFAULT false NOT NULL,
    patience BIGINT,
    edition INTEGER DEFAULT 0 NOT NULL,
    PRIMARY KEY (send_id),
    CONSTRAINT send_once UNIQUE (stage_id, channel, message, nth, edition),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id),
    FOREIGN KEY(stage_id) REFERENCES stage (stage_id)
);
CREATE TABLE statement (
    statement_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    path TEXT NOT NULL,
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (statement_id),
    CONSTRAINT statement_once UNIQUE (version_id, position),
    FOREIGN KEY(version_id) REFERENCES campaign_version (version_id)
);
