//! What scenarios want of a host of skills.

use mcp_patterns::extension::{Grant, SkillHost};

use crate::builder;

/// Lists and approves, and loads nothing.
pub(crate) async fn list(url: &str) -> anyhow::Result<()> {
    let host = SkillHost::new();
    host.connect("suite", builder().connect(url).await?)?;
    for skill in host.refresh("suite").await?.skills {
        host.approve(&skill.id, Grant::default())?;
    }
    Ok(())
}

/// Loads every skill, and of those that are as they were declared, every other file.
pub(crate) async fn load(url: &str) -> anyhow::Result<()> {
    let host = SkillHost::new();
    host.connect("suite", builder().connect(url).await?)?;
    for skill in host.refresh("suite").await?.skills {
        host.approve(&skill.id, Grant::default())?;
        match host.load(&skill.id).await {
            Ok(_) => drop(host.read(&skill.id, "references/FORMS.md").await?),
            Err(error) => tracing::info!(%error, "refused"),
        }
    }
    Ok(())
}
