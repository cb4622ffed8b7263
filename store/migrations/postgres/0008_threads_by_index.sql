-- The least breaching value of the episode, beside the greatest.
ALTER TABLE instances ADD COLUMN trough_value TEXT;  -- JSON

-- Most receivers never say what they call a message: those rows would be read one by one.
DROP INDEX outbox_threads;
CREATE INDEX outbox_threads ON outbox (channel, thread, position)
    WHERE thread IS NOT NULL AND state = 'done' AND remote_id IS NOT NULL;
