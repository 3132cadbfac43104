//! `import-run` on Lambda.

fn main() -> aws::Exit {
    aws::run_with_objects(import_run::function())
}
