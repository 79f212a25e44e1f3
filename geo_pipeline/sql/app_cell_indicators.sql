SELECT DISTINCT indicator FROM area_in_class
