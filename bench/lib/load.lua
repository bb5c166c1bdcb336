-- The script of wrk. All requests share a head, and each has its own lines; both come from the files named after "--".
-- The file is longer than any server needs. Once it runs out, wrk repeats the last line, which an origin refuses.
local lines, at = {}, 0

function init(args)
  wrk.head = io.open(args[1], "rb"):read("*a")
  for line in io.lines(args[2]) do
    lines[#lines + 1] = line:gsub("\t", "\r\n")
  end
end

function request()
  if at < #lines then at = at + 1 end
  return wrk.head .. lines[at]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    "\n{\"answered\":%d,\"refused\":%d,\"failed\":%d,\"elapsed\":%f}\n",
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6
  ))
end
