-- Who took something away is found without reading all entries.
CREATE INDEX audit_event_purges ON audit_event (epoch, seq) WHERE kind = 'payload.redacted';

-- Requests are found by their incident, too: those that name one are indexed again.
UPDATE request SET indexed = 0 WHERE body LIKE '%"incident":"%';
