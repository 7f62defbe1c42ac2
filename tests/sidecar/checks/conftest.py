"""What tests of charts share."""

from helm_charts import helm_on_path  # noqa: F401 - a fixture
