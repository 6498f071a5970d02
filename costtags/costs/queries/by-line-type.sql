-- What the whole bill is made of: usage, credits, refunds, tax, Savings Plans ..., by part of the bill.
--
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: nothing
SELECT
  billing_period AS month,
  part,
  line_type,
  COUNT(*) AS lines,
  SUM(cost) AS amount
FROM lines
GROUP BY 1, 2, 3
ORDER BY 1, 2, 5 DESC, 3
