-- Messages. `body` is the whole row as JSON, except `delivered` and `remote`, which the deliverer moves on by itself.
CREATE TABLE message (
  id TEXT PRIMARY KEY, platform TEXT NOT NULL, workspace TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT,
  author TEXT NOT NULL, person TEXT, request TEXT, deleted INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  version INTEGER NOT NULL, delivered INTEGER NOT NULL, remote TEXT, body TEXT NOT NULL
) STRICT;
CREATE INDEX message_channel ON message (platform, workspace, channel, id);
CREATE INDEX message_thread ON message (thread, id) WHERE thread IS NOT NULL;
CREATE INDEX message_remote ON message (platform, remote) WHERE remote IS NOT NULL;
CREATE INDEX message_due ON message (platform, id) WHERE author = 'bot' AND delivered < version;

CREATE TABLE reaction (
  message TEXT NOT NULL, person TEXT NOT NULL, emoji TEXT NOT NULL,
  PRIMARY KEY (message, person, emoji)
) STRICT, WITHOUT ROWID;

CREATE TABLE read_mark (
  person TEXT NOT NULL, channel TEXT NOT NULL, upto TEXT NOT NULL,
  PRIMARY KEY (person, channel)
) STRICT, WITHOUT ROWID;
