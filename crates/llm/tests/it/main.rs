//! The providers through their door: every test talks HTTP, to the emulator or to a server that breaks its rules.

#[cfg(test)]
mod cancel;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod repairs;
#[cfg(test)]
mod resilience;
#[cfg(test)]
mod server;
#[cfg(test)]
mod structured;
#[cfg(test)]
mod table;
#[cfg(test)]
mod wires;
