use super::*;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn call(breaker: &mut Breaker, now: Duration, outcome: Outcome) {
    let permit = breaker.admit(now).expect("the call is admitted");
    breaker.record(now, permit, outcome);
}

fn calls(breaker: &mut Breaker, now: Duration, outcomes: &str) {
    for outcome in outcomes.chars() {
        call(breaker, now, if outcome == '+' { Outcome::Succeeded } else { Outcome::Failed });
    }
}

/// A breaker that opened at second 0, and when it admits a probe.
fn opened() -> (Breaker, Duration) {
    let mut breaker = Breaker::new(Rules::default(), 1);
    calls(&mut breaker, at(0), "-----");
    assert_eq!(breaker.state(), State::Open);
    let wait = breaker.view(at(0)).next_probe_in_ms.unwrap() + 1;
    (breaker, Duration::from_millis(wait))
}

#[test]
fn it_opens_when_more_than_half_of_at_least_five_calls_failed() {
    for (outcomes, state) in [
        ("----", State::Closed),
        ("-----", State::Open),
        ("+++--", State::Closed),
        ("++---", State::Open),
        ("+++---", State::Closed),
        ("+++----", State::Open),
    ] {
        let mut breaker = Breaker::new(Rules::default(), 1);
        calls(&mut breaker, at(0), outcomes);
        assert_eq!(breaker.state(), state, "{outcomes}");
    }
}

#[test]
fn failures_are_forgotten_after_ten_seconds() {
    let mut breaker = Breaker::new(Rules::default(), 1);
    calls(&mut breaker, at(0), "----");

    calls(&mut breaker, at(10), "-");

    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.view(at(10)).calls, 1);
}

#[test]
fn rejected_calls_do_not_count() {
    let (mut breaker, probe_at) = opened();
    for _ in 0..100 {
        assert!(breaker.admit(at(1)).is_err());
    }

    call(&mut breaker, probe_at, Outcome::Succeeded);
    calls(&mut breaker, probe_at, "-----");

    assert_eq!(breaker.state(), State::Open, "five failures open it again");
    assert_eq!(breaker.view(probe_at).counts.rejected, 100);
}

#[test]
fn half_open_admits_exactly_one_call() {
    let (mut breaker, probe_at) = opened();

    let probe = breaker.admit(probe_at).unwrap();

    assert!(probe.is_probe());
    assert!(breaker.admit(probe_at).is_err());
    assert!(breaker.admit(probe_at).is_err());
    breaker.record(probe_at, probe, Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.view(probe_at).calls, 0, "the window starts empty");
}

#[test]
fn each_failed_probe_doubles_the_wait_up_to_five_minutes() {
    let (mut breaker, mut now) = opened();
    for seconds in [60.0, 120.0, 240.0, 300.0, 300.0] {
        call(&mut breaker, now, Outcome::Failed);

        let wait = Duration::from_millis(breaker.view(now).next_probe_in_ms.unwrap());

        let expected = seconds * 0.9 - 0.01..=seconds * 1.1;
        assert!(expected.contains(&wait.as_secs_f64()), "{wait:?} is not about {seconds} s");
        now += wait + Duration::from_millis(1);
    }
    call(&mut breaker, now, Outcome::Succeeded);
    calls(&mut breaker, now, "-----");
    assert!(breaker.view(now).next_probe_in_ms.unwrap() <= 33_000, "closing resets the wait");
}

#[test]
fn late_results_decide_nothing() {
    let mut breaker = Breaker::new(Rules::default(), 1);
    let late_failure = breaker.admit(at(0)).unwrap();
    let late_success = breaker.admit(at(0)).unwrap();
    calls(&mut breaker, at(0), "-----");

    breaker.record(at(1), late_success, Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Open);
    let probe = breaker.admit(at(34)).unwrap();
    breaker.record(at(34), late_failure, Outcome::Failed);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(at(34), probe, Outcome::Succeeded);

    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.view(at(34)).counts.stale, 2);
}

#[test]
fn a_probe_that_never_ends_fails_at_its_deadline() {
    let (mut breaker, probe_at) = opened();
    let hung = breaker.admit(probe_at).unwrap();

    let overdue = probe_at + Rules::default().probe_deadline;

    assert!(breaker.admit(overdue).is_err());
    assert_eq!(breaker.state(), State::Open);
    breaker.record(overdue, hung, Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Open, "its late success does not close");
}

#[test]
fn a_caller_that_gives_up_frees_its_place() {
    let (mut breaker, probe_at) = opened();
    let given_up = breaker.admit(probe_at).unwrap();

    breaker.release(probe_at, given_up);

    let probe = breaker.admit(probe_at).expect("another probe is admitted");
    breaker.record(probe_at, given_up, Outcome::Failed);
    assert_eq!(breaker.state(), State::HalfOpen, "the first one has no say any more");
    breaker.record(probe_at, probe, Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn being_throttled_never_opens_and_ends_an_outage() {
    let mut breaker = Breaker::new(Rules::default(), 1);
    for _ in 0..20 {
        call(&mut breaker, at(0), Outcome::Throttled);
    }
    assert_eq!(breaker.state(), State::Closed);

    let (mut breaker, probe_at) = opened();
    call(&mut breaker, probe_at, Outcome::Throttled);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn what_a_monitor_saw_counts_like_a_call() {
    let mut breaker = Breaker::new(Rules::default(), 1);
    for _ in 0..5 {
        breaker.observe(at(0), Outcome::TimedOut);
    }
    assert_eq!(breaker.state(), State::Open);
    breaker.observe(at(1), Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Open, "too early to say");

    breaker.expect_recovery(at(2));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.observe(at(2), Outcome::Succeeded);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.view(at(2)).counts.rejected, 0);
}
