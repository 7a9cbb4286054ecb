//! Workflows, task agents, gateway and fleet of servers. For now the [local stack](stack).

pub mod stack;
