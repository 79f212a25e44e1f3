-- The share of a département that is nearest to each station, in each network of stations: its Voronoi
-- cell clipped to the outline. Four points far outside close the diagram, which would otherwise end near
-- the stations; they are a thousand kilometres away, so that their own cells do not reach the outline.
-- A cell is the same in all networks that do not differ near it, so each distinct cell is clipped once.
-- Stations in the same place share their cell.
-- In: departement(departement, geometry lon/lat), stations(station, lon, lat),
--     networks(network, station), projections(departement, crs)
WITH outline AS (
    SELECT
        projections.crs,
        ST_MakeValid(ST_Transform(departement.geometry, 'OGC:CRS84', projections.crs)) AS geometry
    FROM departement
    INNER JOIN projections ON departement.departement = projections.departement
),

projected AS (
    SELECT
        stations.station,
        ST_Transform(ST_Point(stations.lon, stations.lat), 'OGC:CRS84', outline.crs) AS point
    FROM stations
    CROSS JOIN outline
),

-- To the metre: places closer than that are the same place.
placed AS (
    SELECT station, ST_Point(round(ST_X(point)), round(ST_Y(point))) AS point FROM projected
),

extent AS (
    SELECT
        least(min(ST_XMin(outline.geometry)), min(ST_X(placed.point))) - 1e6 AS x_min,
        greatest(max(ST_XMax(outline.geometry)), max(ST_X(placed.point))) + 1e6 AS x_max,
        least(min(ST_YMin(outline.geometry)), min(ST_Y(placed.point))) - 1e6 AS y_min,
        greatest(max(ST_YMax(outline.geometry)), max(ST_Y(placed.point))) + 1e6 AS y_max
    FROM outline
    CROSS JOIN placed
),

corners AS (
    SELECT
        unnest([
            ST_Point(x_min, y_min),
            ST_Point(x_min, y_max),
            ST_Point(x_max, y_min),
            ST_Point(x_max, y_max)
        ]) AS point
    FROM extent
),

sites AS (
    SELECT networks.network, placed.point
    FROM networks
    INNER JOIN placed ON networks.station = placed.station
    UNION ALL
    SELECT every.network, corners.point
    FROM (SELECT DISTINCT network FROM networks) AS every
    CROSS JOIN corners
),

diagrams AS (
    SELECT network, ST_VoronoiDiagram(ST_Collect(list(point))) AS diagram
    FROM sites
    GROUP BY network
),

cells AS (
    SELECT network, unnest(ST_Dump(diagram)).geom AS cell FROM diagrams
),

distinct_cells AS (
    SELECT row_number() OVER () AS number, cell FROM (SELECT DISTINCT cell FROM cells)
),

areas AS (
    SELECT
        distinct_cells.number,
        ST_Area(ST_Intersection(distinct_cells.cell, outline.geometry)) / ST_Area(outline.geometry) AS share
    FROM distinct_cells
    CROSS JOIN outline
),

-- From any network; the next step checks whether a station is in this one.
inside AS (
    SELECT distinct_cells.number, placed.station
    FROM distinct_cells
    INNER JOIN placed ON ST_Contains(distinct_cells.cell, placed.point)
),

owned AS (
    SELECT
        networks.network,
        networks.station,
        areas.share,
        count(*) OVER (PARTITION BY networks.network, areas.number) AS stations_in_cell
    FROM cells
    INNER JOIN distinct_cells ON cells.cell = distinct_cells.cell
    INNER JOIN areas ON distinct_cells.number = areas.number
    INNER JOIN inside ON distinct_cells.number = inside.number
    INNER JOIN networks
        ON inside.station = networks.station AND cells.network = networks.network
)

SELECT network, station, share / stations_in_cell AS share
FROM owned
ORDER BY network, station
