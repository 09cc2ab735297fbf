-- Makes wrk cycle through the Authorization headers in a file, one per line.

local requests = {}
local turn = 0

function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { Host = wrk.headers["Host"], Authorization = line })
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
