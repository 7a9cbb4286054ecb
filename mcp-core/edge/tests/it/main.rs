//! What the edge does as a whole, with real files, processes and servers.

mod policy_file;
