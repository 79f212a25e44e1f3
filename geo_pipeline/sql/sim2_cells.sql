-- The columns used of a SIM2 file, one row for each cell and day. Precipitation is rain plus snow.
-- In: grid(LAMBX, LAMBY, DATE, PRENEI, ...) as received
SELECT
    LAMBX AS x_hm,
    LAMBY AS y_hm,
    DATE AS yyyymmdd,
    TINF_H AS tmin_c,
    TSUP_H AS tmax_c,
    T AS tmean_c,
    PRENEI + PRELIQ AS precip_mm,
    SSI AS radiation_j_cm2,
    FF AS wind_10m_m_s,
    HU AS rh_pct,
    ETP AS etp_mm,
    SWI AS swi
FROM grid
