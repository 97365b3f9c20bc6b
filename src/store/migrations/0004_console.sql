-- Who may sign in to the console. Passwords are kept as argon2 hashes, session tokens as SHA-256 digests.
CREATE TABLE account (person TEXT PRIMARY KEY, password_hash TEXT NOT NULL) STRICT;
CREATE TABLE session (
  token_digest TEXT PRIMARY KEY, person TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sign_in_failure (name TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX sign_in_failure_name ON sign_in_failure (name, at_ms);
