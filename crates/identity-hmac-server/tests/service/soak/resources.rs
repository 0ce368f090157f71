//! How much a process holds of memory and of file descriptors.

use std::fs;

use crate::harness::times;

/// Its resident memory in KiB; `None` when it has just ended.
pub(super) fn memory(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let (_, memory) = status.split_once("VmRSS:")?;
    memory.split_whitespace().next()?.parse().ok()
}

/// How many files and connections it has open.
pub(super) fn files(process: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    files.unwrap().count()
}

/// Shows that memory does not grow any more once the process has warmed up, for which it has the
/// first quarter: the median of the last quarter is that of the second one. Both are returned.
pub(super) fn assert_steady(memory: &[usize]) -> [usize; 2] {
    // In KiB. In ten minutes a leak of 100 bytes in each request would be more; a short run is still
    // warming up.
    let noise = times(8192, 2048);
    let quarter = memory.len() / 4;
    let [second, last] = [quarter, 3 * quarter].map(|start| {
        let mut values = memory[start..][..quarter].to_vec();
        values.sort_unstable();
        values[quarter / 2]
    });
    assert!(last <= second + noise, "{second} KiB became {last} KiB");
    [second, last]
}
