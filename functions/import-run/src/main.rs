//! `import-run` on Lambda.

fn main() -> aws::Exit {
    aws::run(import_run::function())
}
