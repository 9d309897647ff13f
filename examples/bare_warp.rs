//! A warp server that says hello: the floor that `scripts/bench` measures the dashboard against.
//! Prints its address.

use warp::Filter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    warp::serve(warp::any().map(|| "hello").boxed()).incoming(listener).run().await;
    Ok(())
}
