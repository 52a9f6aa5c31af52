//! What a rollout needs of the records: that the key works, that every name server answers, and that nobody keeps records for
//! longer than their TTL says.

use super::update::{self, Sent};
use super::{Inner, servers};
use futures::future::join_all;
use rollout::check::Check;
use rollout::clock::Millis;

impl Inner {
    pub(super) async fn checks(&self) -> Vec<Check> {
        let (key, servers, resolvers) = futures::join!(self.key(), self.name_servers(), self.resolvers());
        [key, servers, self.ttl().await].into_iter().chain(resolvers).collect()
    }

    /// Asks for what is there already, under the same conditions as for a change.
    async fn key(&self) -> Check {
        let name = "dynamic update";
        let asked = async {
            let held = servers::held(&self.primary, &self.layout).await?;
            let signer = update::signer(&self.update)?;
            update::send(&self.primary, &signer, update::message(&self.layout.zone, &held, &held)).await
        };
        match asked.await {
            Ok(Sent::Done) => {
                Check::ok(name, format!("{} takes changes signed with {}", self.primary, self.update.key))
            }
            Ok(Sent::Unclear(why)) => Check::failure(name, format!("the name server {} {why}", self.primary)),
            Err(error) => Check::failure(name, error.to_string()),
        }
    }

    async fn name_servers(&self) -> Check {
        let name = "name servers";
        let others = match self.others().await {
            Ok(others) => others,
            Err(error) => return Check::failure(name, error.to_string()),
        };
        let answers = join_all(others.iter().map(|server| servers::held(server, &self.layout))).await;
        let failed: Vec<String> =
            answers.iter().filter_map(|answer| answer.as_ref().err()).map(ToString::to_string).collect();
        match failed.is_empty() {
            true => {
                let all = std::iter::once(&self.primary).chain(&others).map(ToString::to_string).collect::<Vec<_>>();
                Check::ok(name, format!("{} answer", all.join(", ")))
            }
            false => Check::failure(name, failed.join("; ")),
        }
    }

    /// A TTL that was lowered holds once nobody can have kept a record from before.
    async fn ttl(&self) -> Check {
        let name = "record TTL";
        let held = match servers::held(&self.primary, &self.layout).await {
            Ok(held) => held,
            Err(error) => return Check::failure(name, error.to_string()),
        };
        let (longest, wanted) = (held.longest_ttl(), self.layout.ttl);
        if longest > wanted {
            let said =
                format!("{held}: {wanted} s is wanted. Run `crossfade application add` again, and wait {longest} s");
            return Check::failure(name, said);
        }
        let now = crate::clock::now();
        let longer = self.memory.read().await.and_then(|memory| memory.longer_until).filter(|until| *until > now);
        match longer {
            Some(until) => Check::failure(
                name,
                format!(
                    "{wanted} s, but it was longer until a short while ago: others may keep records from then for another \
                     {}. Wait for that, then retry",
                    Millis((until - now).0.div_ceil(1_000) * 1_000)
                ),
            ),
            None => Check::ok(name, format!("{wanted} s, for as long as anybody can have kept another")),
        }
    }

    /// They are watched, and decide nothing.
    async fn resolvers(&self) -> Vec<Check> {
        let heard = join_all(self.resolvers.iter().map(|resolver| servers::heard(resolver, &self.layout))).await;
        let each = self.resolvers.iter().zip(heard).map(|(resolver, heard)| match heard {
            Ok(heard) => Check::ok("resolver", format!("{resolver} answers {heard}")),
            Err(why) => Check::warning("resolver", format!("{resolver} {why}")),
        });
        each.collect()
    }
}
