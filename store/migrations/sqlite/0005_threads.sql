-- The greatest breaching value of the episode, told with its end.
ALTER TABLE instances ADD COLUMN peak_value TEXT;  -- JSON

-- What a message shares with the others of its episode: a later one answers to the first that arrived.
ALTER TABLE outbox ADD COLUMN thread TEXT;

-- How plainly the message is written: a receiver that refuses one form gets the next.
ALTER TABLE outbox ADD COLUMN form TEXT NOT NULL DEFAULT 'native' CHECK (form IN ('native', 'mono', 'plain'));

CREATE INDEX outbox_threads ON outbox (channel, thread, position) WHERE thread IS NOT NULL AND state = 'done';
