-- Hash of the models of rows that the publication was made with, and the columns that they ask for.
SELECT models, columns FROM publication
