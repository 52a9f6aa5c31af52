//! What goes up and down, as one page has it.

use super::page::Page;
use super::selector::Selector;
use super::track::Tracked;

/// All series of one selector added up, perhaps as a share of another's.
#[derive(Clone)]
pub(super) struct Level {
    pub gauge: Selector,
    pub of: Option<Selector>,
}

impl Level {
    fn sum(page: &Page, selector: &Selector) -> Result<f64, String> {
        let values: Vec<f64> = page.select(selector).map(|sample| page.usable(sample)).collect::<Result<_, _>>()?;
        match values.is_empty() {
            // Of something that is not there, nobody knows how much it is.
            true => Err(page.knows(selector).err().unwrap_or_else(|| {
                format!("no series matches: none of the name `{}` has such labels", selector.name())
            })),
            false => Ok(values.iter().sum()),
        }
    }
}

impl Tracked for Level {
    type Seen = f64;

    const IS_LEVEL: bool = true;

    /// What is not there makes the page useless, here.
    fn knows(&self, _: &Page) -> Result<(), String> {
        Ok(())
    }

    fn read(&mut self, page: &Page, _: bool) -> Result<f64, String> {
        let gauge = Level::sum(page, &self.gauge)?;
        let Some(selector) = &self.of else { return Ok(gauge) };
        let of = Level::sum(page, selector)?;
        match of > 0.0 {
            true => Ok(gauge / of),
            false => Err(format!("`{}` is {of}: nothing is a share of that", selector.name())),
        }
    }
}
