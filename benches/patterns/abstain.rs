use anyhow::Result;
use crate::data::Data;
pub(crate) fn measure(_data: &Data) -> Result<()> { Ok(()) }
