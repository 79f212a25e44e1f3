"""`python -m geo_pipeline` is `geo-pipeline`."""

from geo_pipeline.cli import main

if __name__ == "__main__":
    main()
