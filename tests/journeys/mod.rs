//! The scenes that the exchange has to carry, each from its first step to its last.

mod canteen;
mod clinic;
mod lecture;
mod overdue;
mod promised_venue;
mod refused;
mod rice;
mod split;
mod strangers;
mod suspended;
mod venues;

use crate::support::{Actor, Thing, Value, World, changed, json};

/// A need as most scenes post it; `with` overrides and adds.
fn need(community: &str, title: &str, wanted: &str, measure: &str, with: Value) -> Value {
    let input = json!({
        "community": community, "category": "HARDSHIP_AND_EMPLOYMENT", "form": "GOODS", "title": title,
        "wanted": wanted, "measure": measure, "submit": true,
    });
    changed(input, &with)
}

impl World {
    /// A need of 紫微社区 in the open hall: nobody is paired with it. The district posts for it, the street publishes.
    pub async fn open_need(&self, title: &str, wanted: &str, measure: &str) -> Thing {
        let posted = self.district.post_need(need(&self.ziwei, title, wanted, measure, json!({}))).await.done();
        self.street.publish(&posted).await.done_with_warnings(&["NO_PAIRED_UNITS"])
    }

    /// A pledge on the resource list.
    async fn listed(&self, by: &Actor, unit: &str, title: &str, total: &str, measure: &str, with: Value) -> Thing {
        let input = changed(
            json!({
                "unit": unit, "form": "GOODS", "category": "HARDSHIP_AND_EMPLOYMENT", "title": title, "total": total, "measure": measure,
            }),
            &with,
        );
        let pledge = by.pledge_resource(input).await.done();
        assert_eq!(pledge["status"], "SUBMITTED");
        self.district.list_pledge(&pledge).await.done()
    }
}
