//! The instances of one rule as people look at them: the worst first, page by page.

use watchfire_alerts::Instance;
use watchfire_model::{InstanceKey, RuleUid};

use crate::database::{Param, int};
use crate::error::Error;
use crate::rule_summary::severity_rank;
use crate::state_load;
use crate::store::Store;

/// Where an instance stands in the list of its rule; the next page begins after it.
///
/// An instance that gets better or worse while somebody turns the pages moves in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstancePlace {
    /// The rank of its condition: 0 fires, 1 is pending, 2 is resolved, 3 is inactive.
    pub condition: i64,
    /// The rank of its severity: 0 is the worst.
    pub severity: i64,
    /// Its key as it is stored.
    pub key: String,
}

impl Store {
    /// The instances of a rule after a place: firing ones first, then pending, resolved and inactive ones, each by
    /// severity, the worst first, and then by key.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when a stored state is none that this program writes.
    pub async fn rule_instances(
        &self,
        uid: &RuleUid,
        after: Option<&InstancePlace>,
        limit: usize,
    ) -> Result<Vec<(InstancePlace, InstanceKey, Instance)>, Error> {
        let params = [
            Param::Text(uid.as_str()),
            Param::Int(after.map_or(-1, |place| place.condition)),
            Param::Int(after.map_or(-1, |place| place.severity)),
            Param::Text(after.map_or("", |place| place.key.as_str())),
            Param::Int(int(limit as u64)),
        ];
        let rows = self.database().read(INSTANCES, &params).await?;
        rows.iter()
            .map(|row| {
                let place = InstancePlace {
                    condition: row.int("condition_rank")?,
                    severity: row.int("severity_rank")?,
                    key: row.text("instance_key")?,
                };
                Ok((place, row.json("instance_key")?, state_load::instance(row)?))
            })
            .collect()
    }
}

const INSTANCES: &str = concat!(
    "WITH ranked AS (
        SELECT instances.*,
            CAST(CASE condition WHEN 'firing' THEN 0 WHEN 'pending' THEN 1 WHEN 'resolved' THEN 2 ELSE 3 END
                AS BIGINT) AS condition_rank,
            CAST(",
    severity_rank!(),
    " AS BIGINT) AS severity_rank
        FROM instances WHERE rule_uid = $1
    )
    SELECT * FROM ranked WHERE (condition_rank, severity_rank, instance_key) > ($2, $3, $4)
    ORDER BY condition_rank, severity_rank, instance_key LIMIT $5"
);
