"""`sidecar plan` of a canary."""

SPEC = "region: local\nagent: {canary: collector}\n"


def test_it_names_the_parts_of_a_canary(run, tmp_path):
    """And a comparison of the kinds leaves it out."""
    file = tmp_path / "sidecar.yaml"
    file.write_text(SPEC)
    shown = run("plan", "--file", file).out
    compared = run("plan", "--file", file, "--compare", "agent,collector")

    assert "  frontend-canary  collector 0.165.0, image " in shown
    assert "  frontend-copier  gives each packet to both\n" in shown
    assert (0, False) == (compared.code, "canary" in compared.out)
