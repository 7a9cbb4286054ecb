//! Skills as they are written.

use super::{Enforcement, Files, Priority, Skill, Skip};
use crate::parse::{Cursor, Problem};

type Read<T> = Result<T, Problem>;

pub(super) fn skills(at: &Cursor<'_>) -> Read<Vec<Skill>> {
    let skills = at.need("skills")?;
    skills.members()?.map(|(name, skill)| self::skill(name, &skill)).collect()
}

fn skill(name: &str, at: &Cursor<'_>) -> Read<Skill> {
    let enforcement =
        [("block", Enforcement::Block), ("warn", Enforcement::Warn), ("suggest", Enforcement::Suggest)];
    let priority = [
        ("critical", Priority::Critical),
        ("high", Priority::High),
        ("medium", Priority::Medium),
        ("low", Priority::Low),
    ];
    let prompts = at.get("promptTriggers");
    let list = |name| prompts.as_ref().map_or(Ok(Vec::new()), |prompts| prompts.list(name));
    let files = at.get("fileTriggers").map(|files| {
        Ok(Files {
            paths: files.list("pathPatterns")?,
            exclusions: files.list("pathExclusions")?,
            contents: files.list("contentPatterns")?,
            create_only: files.get("createOnly").map_or(Ok(false), |flag| flag.flag())?,
        })
    });
    let mut skip = Skip::default();
    if let Some(written) = at.get("skipConditions") {
        skip.used = written.get("sessionSkillUsed").map_or(Ok(false), |flag| flag.flag())?;
        skip.markers = written.list("fileMarkers")?;
        skip.variable = written.get("envOverride").map(|name| name.owned()).transpose()?;
    }
    Ok(Skill {
        name: name.to_owned(),
        enforcement: at.need("enforcement")?.word(&enforcement)?,
        priority: at.need("priority")?.word(&priority)?,
        keywords: list("keywords")?,
        intents: list("intentPatterns")?,
        files: files.transpose()?,
        message: at.get("blockMessage").map(|message| message.owned()).transpose()?,
        skip,
    })
}
