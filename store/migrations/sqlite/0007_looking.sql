-- People look for what was told about a rule, and for what failed; neither may read all that is kept.
CREATE INDEX notifications_of_a_rule ON notifications (rule_name);
CREATE INDEX failed_runs ON runs (last_at) WHERE status = 'failed';
