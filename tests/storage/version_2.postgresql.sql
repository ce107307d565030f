-- What campflow made in a new database of this kind before there were revisions (schema version 2).
CREATE TABLE attempt (
    attempt_id BIGSERIAL NOT NULL,
    message_id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (attempt_id)
);
CREATE INDEX attempt_of_message ON attempt (message_id);
CREATE TABLE batch (
    batch_id BIGSERIAL NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    fence BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    ready_at BIGINT NOT NULL,
    first_message_id BIGINT NOT NULL,
    last_message_id BIGINT NOT NULL,
    handed_to BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (batch_id)
);
CREATE INDEX batch_open ON batch (channel, first_message_id) WHERE closed_at IS NULL;
CREATE TABLE calendar_month (
    month BIGINT NOT NULL,
    first_day BIGINT NOT NULL,
    length BIGINT NOT NULL,
    PRIMARY KEY (month),
    UNIQUE (first_day)
);
CREATE TABLE campaign (
    campaign_id BIGSERIAL NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version_id BIGINT,
    started_at BIGINT NOT NULL,
    priority BIGINT DEFAULT 0 NOT NULL,
    looked_at BIGINT NOT NULL,
    looked_event BIGINT NOT NULL,
    looked_change BIGINT NOT NULL,
    looked_contact BIGINT NOT NULL,
    PRIMARY KEY (campaign_id),
    UNIQUE (name)
);
CREATE TABLE contact (
    contact_id BIGSERIAL NOT NULL,
    contact_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    draw BIGINT NOT NULL,
    extra TEXT COLLATE "C",
    email TEXT COLLATE "C",
    plan TEXT COLLATE "C",
    score BIGINT,
    PRIMARY KEY (contact_id),
    UNIQUE (contact_key)
);
CREATE UNIQUE INDEX contact_email ON contact (email);
CREATE TABLE conversion (
    journey_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    contact_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    statement_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    cause_seq BIGINT NOT NULL,
    worth FLOAT(53),
    PRIMARY KEY (journey_id, name)
);
CREATE TABLE cost (
    contact_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, message_id)
);
CREATE INDEX cost_of_campaign ON cost (campaign_id, amount);
CREATE TABLE errand (
    errand_id BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    journey_id BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    errand_statement_id BIGINT NOT NULL,
    given TEXT COLLATE "C",
    at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT DEFAULT 0 NOT NULL,
    retry_at BIGINT,
    owner TEXT COLLATE "C",
    fence BIGINT,
    leased_until BIGINT,
    settled_at BIGINT,
    detail TEXT COLLATE "C",
    PRIMARY KEY (errand_id),
    CONSTRAINT errand_once UNIQUE (contact_id, journey_id, nth, errand_statement_id)
);
CREATE INDEX errand_ready ON errand (errand_statement_id, errand_id) WHERE state = 'ready';
CREATE INDEX errand_running ON errand (leased_until) WHERE state = 'running';
CREATE TABLE exposure (
    contact_id BIGINT NOT NULL,
    split_id BIGINT NOT NULL,
    arm_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    journey_id BIGINT,
    at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    drawn BOOLEAN NOT NULL,
    PRIMARY KEY (contact_id, split_id)
);
CREATE INDEX exposure_of_split ON exposure (split_id, at);
CREATE TABLE forgotten (
    trace TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (trace)
);
CREATE TABLE journey (
    journey_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    journey_key TEXT COLLATE "C" NOT NULL,
    entry BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    entry_seq BIGINT NOT NULL,
    entered_seq BIGINT NOT NULL,
    stage_id BIGINT,
    since BIGINT NOT NULL,
    since_seq BIGINT NOT NULL,
    asked_seq BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    due_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (journey_id),
    CONSTRAINT journey_once UNIQUE (campaign_id, contact_id, journey_key, entry)
);
CREATE INDEX journey_due ON journey (campaign_id, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE message (
    message_id BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    journey_id BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    send_id BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    planned_at BIGINT NOT NULL,
    release_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    retry_at BIGINT,
    attempts BIGINT DEFAULT 0 NOT NULL,
    settled_at BIGINT,
    provider_id TEXT COLLATE "C",
    content_hash TEXT COLLATE "C",
    detail TEXT COLLATE "C",
    PRIMARY KEY (message_id),
    CONSTRAINT message_once UNIQUE (contact_id, journey_id, nth, send_id)
);
CREATE INDEX message_planned ON message (release_at) WHERE state = 'planned';
CREATE INDEX message_ready ON message (channel, message_id) WHERE state = 'ready';
CREATE TABLE move (
    move_id BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    journey_id BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    from_stage_id BIGINT,
    to_stage_id BIGINT,
    statement_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    cause_seq BIGINT,
    PRIMARY KEY (move_id),
    CONSTRAINT move_once UNIQUE (contact_id, journey_id, nth)
);
CREATE TABLE prospect (
    campaign_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, contact_id)
);
CREATE INDEX prospect_due ON prospect (campaign_id, due_at);
CREATE TABLE rfm (
    contact_id BIGSERIAL NOT NULL,
    recency BIGINT NOT NULL,
    frequency BIGINT NOT NULL,
    monetary BIGINT NOT NULL,
    PRIMARY KEY (contact_id)
);
CREATE TABLE setting (
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE zone_local (
    zone TEXT COLLATE "C" NOT NULL,
    from_local BIGINT NOT NULL,
    "offset" BIGINT NOT NULL,
    gap_at BIGINT,
    PRIMARY KEY (zone, from_local)
);
CREATE TABLE zone_offset (
    zone TEXT COLLATE "C" NOT NULL,
    from_at BIGINT NOT NULL,
    "offset" BIGINT NOT NULL,
    PRIMARY KEY (zone, from_at)
);
CREATE TABLE campaign_version (
    version_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    segments TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    line BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    deployed_at BIGINT NOT NULL,
    within BIGINT NOT NULL,
    version_from BIGINT,
    version_to BIGINT,
    withdraws BIGINT,
    PRIMARY KEY (version_id),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE INDEX version_of_campaign ON campaign_version (campaign_id, version_id);
CREATE TABLE change (
    seq BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    "old" TEXT COLLATE "C",
    PRIMARY KEY (seq),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX change_of_contact ON change (contact_id, field, at);
CREATE TABLE consent (
    consent_id BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    given BOOLEAN NOT NULL,
    wording TEXT COLLATE "C",
    source TEXT COLLATE "C",
    proof TEXT COLLATE "C",
    at BIGINT NOT NULL,
    PRIMARY KEY (consent_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX consent_of_contact ON consent (contact_id, at);
CREATE TABLE event (
    seq BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C",
    at BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    message_id BIGINT,
    early BOOLEAN DEFAULT false NOT NULL,
    purchase$amount BIGINT,
    PRIMARY KEY (seq),
    CONSTRAINT event_once UNIQUE (contact_id, source, event_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX event_early ON event (at) WHERE early;
CREATE INDEX event_history ON event (contact_id, name, at);
CREATE TABLE split (
    split_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    salt TEXT COLLATE "C" NOT NULL,
    winner_arm_id BIGINT,
    decided_at BIGINT,
    detail TEXT COLLATE "C",
    PRIMARY KEY (split_id),
    CONSTRAINT split_once UNIQUE (campaign_id, name),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE TABLE stage (
    stage_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    final BOOLEAN NOT NULL,
    PRIMARY KEY (stage_id),
    CONSTRAINT stage_once UNIQUE (campaign_id, name),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);
CREATE TABLE suppression (
    suppression_id BIGSERIAL NOT NULL,
    contact_id BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    lifted_at BIGINT,
    PRIMARY KEY (suppression_id),
    FOREIGN KEY(contact_id) REFERENCES contact (contact_id)
);
CREATE INDEX suppression_of_contact ON suppression (contact_id, channel);
CREATE TABLE arm (
    arm_id BIGSERIAL NOT NULL,
    split_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (arm_id),
    CONSTRAINT arm_once UNIQUE (split_id, name),
    FOREIGN KEY(split_id) REFERENCES split (split_id)
);
CREATE TABLE errand_statement (
    errand_statement_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    stage_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    nth BIGINT NOT NULL,
    PRIMARY KEY (errand_statement_id),
    CONSTRAINT errand_statement_once UNIQUE (stage_id, kind, target, content, nth),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id),
    FOREIGN KEY(stage_id) REFERENCES stage (stage_id)
);
CREATE TABLE send (
    send_id BIGSERIAL NOT NULL,
    campaign_id BIGINT NOT NULL,
    stage_id BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    nth BIGINT NOT NULL,
    options TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" DEFAULT '' NOT NULL,
    transactional BOOLEAN DEFAULT false NOT NULL,
    patience BIGINT,
    edition BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (send_id),
    CONSTRAINT send_once UNIQUE (stage_id, channel, message, nth, edition),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id),
    FOREIGN KEY(stage_id) REFERENCES stage (stage_id)
);
CREATE TABLE statement (
    statement_id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    line BIGINT NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (statement_id),
    CONSTRAINT statement_once UNIQUE (version_id, position),
    FOREIGN KEY(version_id) REFERENCES campaign_version (version_id)
);
