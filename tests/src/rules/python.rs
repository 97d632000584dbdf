//! The independent evaluator (tests/tools/oracle.py) as a process that answers line by line.

use std::{
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
};

use serde_json::Value;

/// One running process; it ends with its input.
pub(super) struct Oracle {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    pub(super) fn start() -> Self {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/oracle.py");
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(tool)
            .arg("--batch")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 can be started (3.11 or newer)");
        let input = BufWriter::new(child.stdin.take().expect("its input is a pipe"));
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { child, input, output }
    }

    /// Its results, in the order of the cases.
    pub(super) fn results(&mut self, cases: &[Value]) -> Vec<Value> {
        let Self { input, output, .. } = self;
        thread::scope(|scope| {
            // Both pipes hold little: one side writes while the other reads.
            scope.spawn(|| {
                for case in cases {
                    writeln!(input, "{case}").expect("the evaluator reads on");
                }
                input.flush().expect("the evaluator reads on");
            });
            let mut read = || {
                let mut line = String::new();
                output.read_line(&mut line).expect("the evaluator writes text");
                serde_json::from_str(&line).unwrap_or_else(|e| panic!("the evaluator stopped (its error stands above): {e}"))
            };
            cases.iter().map(|_| read()).collect()
        })
    }

    pub(super) fn result(&mut self, case: &Value) -> Value {
        self.results(std::slice::from_ref(case)).remove(0)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
