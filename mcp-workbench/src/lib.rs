//! Workflows, task agents, gateway and fleet of servers. For now the local stack, and what the `mcp` command does with it.
//!
//! - [`stack`]: memory, guardrails and patterns behind one address. [`processes`]: each a process of its own. [`front`]: counts and limits before them.
//!   [`running`]: the one that runs. [`reload`]: it keeps up with files. [`token`]: who may call it. [`voucher`]: who calls, told to processes.
//! - [`config`]: `mcp.yaml` and the environment. [`clients`]: settings of programs that use servers.
//! - [`connect`]: which server a person means. [`arguments`]: arguments of tools as people type them.
//! - [`doctor`]: what could be wrong.
//! - [`kept`]: where memories are. [`remember`]: documents and other memories. [`ask`]: what is known, and what fits. [`flow`]: from a wish to a prompt. [`hook`]: those of
//!   Claude Code.

pub mod arguments;
pub mod ask;
pub mod bench;
pub mod clients;
pub mod config;
pub mod connect;
pub mod doctor;
pub mod flow;
pub mod form;
pub mod front;
pub mod hook;
pub mod kept;
pub mod keys;
pub mod nearest;
pub mod package;
pub mod processes;
pub mod reload;
pub mod remember;
pub mod running;
pub mod secret;
pub mod stack;
pub mod token;
pub mod voucher;
