-- The few entries that say which key signs, found without reading all others.
CREATE INDEX audit_event_keys ON audit_event (epoch, seq)
  WHERE kind IN ('opened', 'key.rotated', 'restore.accepted');
