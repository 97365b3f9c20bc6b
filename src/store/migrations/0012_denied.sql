-- Whoever asks for what somebody said no to a moment ago is told so: each request looks for that.
CREATE INDEX request_denied ON request (tool, target, id) WHERE state = 'denied';
